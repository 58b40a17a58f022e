/** HTML that needs no escaping. */
export class Html {
  readonly text: string

  constructor (text: string) {
    this.text = text
  }
}

export type Content = Html | string | number | undefined | readonly Content[]

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** A template that escapes everything that is not HTML already; undefined becomes nothing. */
export function html (parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(parts.map((part, index) => index === 0 ? part : render(contents[index - 1]) + part).join(''))
}

export function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

/** @returns JSON for a script element: nothing in it can end the element */
export function jsonForScript (json: string): Html {
  return new Html(json.replaceAll('<', '\\u003c'))
}

function render (content: Content): string {
  if (content === undefined) return ''
  if (content instanceof Html) return content.text
  return typeof content === 'object' ? content.map(render).join('') : escapeHtml(String(content))
}
