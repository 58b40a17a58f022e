import { parseArgs, type ParseArgsConfig } from 'node:util'

import { UsageError } from './command-error.ts'

const NUMBER = /^\d+(?:\.\d+)?$/

/**
 * @param options as `parseArgs()` of Node takes them
 * @throws UsageError
 */
export function parseOptions<Options extends NonNullable<ParseArgsConfig['options']>> (args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    // Its first sentence says what is wrong, the others how to quote.
    throw new UsageError((error as Error).message.split('. ')[0], { cause: error })
  }
}

/** @throws UsageError */
export function parseInteger (option: string, text: string, minimum: number, maximum: number): number {
  const value = parseNumber(option, text, minimum, maximum)
  if (!Number.isInteger(value)) throw new UsageError(`${option} is ${text}: it must be a whole number`)
  return value
}

/** @throws UsageError */
export function parseNumber (option: string, text: string, minimum: number, maximum: number): number {
  const value = Number(text)
  if (!NUMBER.test(text) || value < minimum || value > maximum) {
    throw new UsageError(`${option} is ${JSON.stringify(text)}: it must be a number from ${minimum} to ${maximum}`)
  }
  return value
}

/** @throws UsageError */
export function parseFile (option: string, file: string | undefined): string | undefined {
  if (file === '') throw new UsageError(`${option} is "": it must be the path of a file`)
  return file
}

/**
 * @returns the names in a list separated by commas, in the order of `names`; all of them when there is no list
 * @throws UsageError
 */
export function parseNames (option: string, text: string | undefined, names: readonly string[]): string[] {
  const wanted = text === undefined ? names : text.split(',')
  if (!wanted.every((name) => names.includes(name))) {
    throw new UsageError(`${option} is ${JSON.stringify(text)}: it must be some of ${names.join(', ')}`)
  }
  return names.filter((name) => wanted.includes(name))
}
