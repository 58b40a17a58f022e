/** The longest delay of a timer in Node; a longer one would fire at once. */
export const MAX_TIMER = 2 ** 31 - 1

/** Which values a setting takes. The schema is JSON Schema; Ajv turns the text of the variable into a value of it. */
export interface SettingKind<Value> {
  readonly schema: object
  readonly fallback: Value
  /** Ends the sentence "it must be ...". */
  readonly allowed: string
  /** For documents: what applies when it is not set and the fallback does not say so. */
  readonly unset?: string
}

/** What a reload does with a new value: take it, warn and keep the old one until a restart, or refuse to run. */
export type OnReload = 'applied' | 'fixed' | 'refused'

/** One row of the settings table. */
export interface SettingRow<Value> extends SettingKind<Value> {
  readonly onReload: OnReload
  /** For documents: Markdown, with links relative to docs/. */
  readonly meaning: string
}

/** A setting that each reload reads again. */
export function reloadable<Value> (kind: SettingKind<Value>, meaning: string): SettingRow<Value> {
  return { ...kind, onReload: 'applied', meaning }
}

/** A setting of the sockets or of the primary, which only a restart changes. */
export function fixed<Value> (kind: SettingKind<Value>, meaning: string): SettingRow<Value> {
  return { ...kind, onReload: 'fixed', meaning }
}

/** A setting that connected clients depend on: a reload that finds it changed is refused. */
export function refused<Value> (kind: SettingKind<Value>, meaning: string): SettingRow<Value> {
  return { ...kind, onReload: 'refused', meaning }
}

export function integer (fallback: number, minimum: number, maximum: number): SettingKind<number> {
  return {
    schema: { type: 'integer', minimum, maximum },
    fallback,
    allowed: `an integer from ${minimum} to ${maximum}`
  }
}

export function optionalInteger (minimum: number, maximum: number, unset: string): SettingKind<number | undefined> {
  return { ...integer(0, minimum, maximum), fallback: undefined, unset }
}

export function milliseconds (fallback: number, minimum: number): SettingKind<number> {
  return {
    schema: { type: 'integer', minimum, maximum: MAX_TIMER },
    fallback,
    allowed: `an integer of milliseconds from ${minimum} to ${MAX_TIMER}`
  }
}

/** 0 turns it off. */
export function millisecondsOrZero (fallback: number, minimum: number): SettingKind<number> {
  const { schema } = milliseconds(fallback, minimum)
  return {
    schema: { anyOf: [{ type: 'integer', const: 0 }, schema] },
    fallback,
    allowed: `0, or an integer of milliseconds from ${minimum} to ${MAX_TIMER}`
  }
}

export function text (fallback: string, pattern: string, allowed: string): SettingKind<string> {
  return { schema: { type: 'string', pattern }, fallback, allowed }
}

export function optionalText (allowed: string, unset = 'none'): SettingKind<string | undefined> {
  return { schema: { type: 'string' }, fallback: undefined, allowed, unset }
}

export function flag (fallback: boolean): SettingKind<boolean> {
  return { schema: { type: 'boolean' }, fallback, allowed: '"true" or "false"' }
}

export function oneOf<Value extends string> (values: readonly Value[], fallback: Value): SettingKind<Value> {
  return { schema: { enum: values }, fallback, allowed: `one of ${values.join(', ')}` }
}

export function optionalOneOf<Value extends string> (
  values: readonly Value[], unset: string
): SettingKind<Value | undefined> {
  return { ...oneOf(values, values[0] as Value), fallback: undefined, unset }
}

export function orWord<Word extends string> (
  word: Word, schema: object, fallback: number | Word, allowed: string
): SettingKind<number | Word> {
  return { schema: { anyOf: [{ const: word }, schema] }, fallback, allowed }
}

export function limit (fallback: number | 'off', schema: object, allowed: string): SettingKind<number | 'off'> {
  return orWord('off', schema, fallback, `${allowed}, or "off"`)
}
