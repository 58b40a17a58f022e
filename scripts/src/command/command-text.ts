const NEEDS_NO_QUOTES = /^[\w./:=@%+,-]+$/

/** @returns the command that was typed, quoted for a shell */
export function commandText (script: string, args: readonly string[]): string {
  const typed = args.map((arg) => NEEDS_NO_QUOTES.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`)
  return [`npm run ${script}`, ...(typed.length > 0 ? ['--', ...typed] : [])].join(' ')
}
