/** The result of one part of the bench. */
export interface Section {
  readonly title: string
  readonly header: readonly string[]
  readonly rows: ReadonlyArray<readonly string[]>
  /** What the table shows, and what it does not. */
  readonly sentences: readonly string[]
}

export interface Part {
  /** For `--only`. */
  readonly name: string
  readonly run: (settings: BenchSettings) => Promise<Section>
}

export interface BenchSettings {
  /** Paths of what was built. */
  readonly paths: BenchPaths
  /** How often each side is measured. */
  readonly rounds: number
  /** Milliseconds of one measurement under load. */
  readonly duration: number
  /** How many connections are idle during a reload. */
  readonly idleConnections: number
  readonly env: NodeJS.ProcessEnv
  /** Reports what is being done. */
  readonly log: (text: string) => void
}

export interface BenchPaths {
  /** Baton. */
  readonly program: string
  /** The program of its workers. */
  readonly worker: string
  /** The same application on bare Fastify. */
  readonly bare: string
  /** Imported by a process that should write its compile cache on SIGUSR2. */
  readonly fillsCache: string
}
