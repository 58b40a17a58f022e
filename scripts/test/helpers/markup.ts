const VOID = new Set(['meta', 'link', 'br', 'img', 'input', 'hr', '!doctype'])
/** Their content is text up to the end tag. */
const RAW = new Set(['script', 'style'])
const TAG = /<(\/?)([a-z!][a-z0-9]*)((?:\s+[\w:-]+(?:="[^"<>]*")?)*)\s*(\/?)>/gi

export interface Element {
  readonly name: string
  readonly attributes: string
  /** Of a script or style element. */
  readonly content: string
}

/**
 * Reads the elements of a strict document: attributes are quoted, every element is closed.
 *
 * @throws Error when it is not strict
 */
export function readMarkup (text: string): Element[] {
  const elements: Element[] = []
  const open: string[] = []
  let read = 0
  TAG.lastIndex = 0
  for (let tag = TAG.exec(text); tag !== null; tag = TAG.exec(text)) {
    const [whole, slash, spelled = '', attributes = '', closed] = tag
    const name = spelled.toLowerCase()
    if (/[<>]/.test(text.slice(read, tag.index))) throw new Error(`not a tag: ${text.slice(read, tag.index).trim().slice(0, 80)}`)
    read = tag.index + whole.length
    if (slash === '/') {
      const last = open.pop()
      if (last !== name) throw new Error(`</${name}> closes <${last}>`)
      continue
    }
    let content = ''
    if (RAW.has(name)) {
      const end = text.toLowerCase().indexOf(`</${name}`, read)
      content = text.slice(read, end)
      read = TAG.lastIndex = end
    }
    elements.push({ name, attributes, content })
    if (!VOID.has(name) && closed !== '/') open.push(name)
  }
  if (open.length > 0) throw new Error(`open at the end: ${open.join(' ')}`)
  return elements
}
