/** The longest delay of a timer in Node; a longer one would fire at once. */
export const MAX_TIMER = 2 ** 31 - 1

/** One row of the settings table. The schema is JSON Schema; Ajv turns the text of the variable into a value of it. */
export interface Setting<Value> {
  readonly schema: object
  readonly fallback: Value
  /** Ends the sentence "it must be ...". */
  readonly allowed: string
}

export function integer (fallback: number, minimum: number, maximum: number): Setting<number> {
  return { schema: { type: 'integer', minimum, maximum }, fallback, allowed: `an integer from ${minimum} to ${maximum}` }
}

export function optionalInteger (minimum: number, maximum: number): Setting<number | undefined> {
  return { ...integer(0, minimum, maximum), fallback: undefined }
}

export function milliseconds (fallback: number, minimum: number): Setting<number> {
  return {
    schema: { type: 'integer', minimum, maximum: MAX_TIMER },
    fallback,
    allowed: `an integer of milliseconds from ${minimum} to ${MAX_TIMER}`
  }
}

/** 0 turns it off. */
export function millisecondsOrZero (fallback: number, minimum: number): Setting<number> {
  const { schema } = milliseconds(fallback, minimum)
  return {
    schema: { anyOf: [{ type: 'integer', const: 0 }, schema] },
    fallback,
    allowed: `0, or an integer of milliseconds from ${minimum} to ${MAX_TIMER}`
  }
}

export function text (fallback: string, pattern: string, allowed: string): Setting<string> {
  return { schema: { type: 'string', pattern }, fallback, allowed }
}

export function optionalText (allowed: string): Setting<string | undefined> {
  return { schema: { type: 'string' }, fallback: undefined, allowed }
}

export function flag (fallback: boolean): Setting<boolean> {
  return { schema: { type: 'boolean' }, fallback, allowed: '"true" or "false"' }
}

export function oneOf<Value extends string> (values: readonly Value[], fallback: Value): Setting<Value> {
  return { schema: { enum: values }, fallback, allowed: `one of ${values.join(', ')}` }
}

export function orWord<Word extends string> (word: Word, schema: object, fallback: number | Word, allowed: string): Setting<number | Word> {
  return { schema: { anyOf: [{ const: word }, schema] }, fallback, allowed }
}

export function limit (fallback: number | 'off', schema: object, allowed: string): Setting<number | 'off'> {
  return orWord('off', schema, fallback, `${allowed}, or "off"`)
}

export function optionalOneOf<Value extends string> (values: readonly Value[]): Setting<Value | undefined> {
  return { ...oneOf(values, values[0] as Value), fallback: undefined }
}
