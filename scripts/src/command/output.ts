/** Where a program writes: a stream of its process, or what a test has instead. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write: (text: string) => unknown
}
