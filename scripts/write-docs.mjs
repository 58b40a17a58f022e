// Writes what documents say about the settings from the compiled table: `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs'

import { SETTING_GROUPS, SETTINGS } from '../dist/config/settings.js'
import { settingsPage, withSettings } from './settings-tables.mjs'

const page = new URL('../docs/settings.md', import.meta.url)
const readme = new URL('../README.md', import.meta.url)

writeFileSync(page, settingsPage(SETTING_GROUPS))
writeFileSync(readme, withSettings(readFileSync(readme, 'utf8'), SETTINGS))
