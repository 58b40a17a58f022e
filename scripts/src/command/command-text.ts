const PLAIN = /^[\w./:=@%+,-]+$/

/** @returns the command that was typed, for a shell */
export function commandText (script: string, args: readonly string[]): string {
  const typed = args.map((arg) => PLAIN.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`)
  return [`npm run ${script}`, ...(typed.length > 0 ? ['--', ...typed] : [])].join(' ')
}
