import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** What coverage is asked of: the product. Scripts are tested too, but their rare branches (a lost terminal, a service that dies) are not gated. */
const files = readdirSync('src', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))

export default () => files
