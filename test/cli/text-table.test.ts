import t from 'tap'
import { formatTable, shorten, type Column } from '../../src/cli/text-table.ts'

const COLUMNS: readonly Column[] = [{ title: 'slot', align: 'right' }, { title: 'state', align: 'left' }, { title: 'x', align: 'right' }]

await t.test('columns are aligned, with wide gaps where they fit and narrow ones elsewhere', async (t) => {
  const rows = [['0', 'ready', '12'], ['10', 'draining', '']]

  t.strictSame(formatTable(COLUMNS, rows, 18), ['slot  state      x', '   0  ready     12', '  10  draining'])
  t.strictSame(formatTable(COLUMNS, rows, 17), ['slot state     x', '   0 ready    12', '  10 draining'])
  t.strictSame(formatTable(COLUMNS, rows, 3), formatTable(COLUMNS, rows, 17), 'nothing is cut')
})

await t.test('a path that is too long loses its middle', async (t) => {
  t.equal(shorten('/srv/app/app.js', 15), '/srv/app/app.js')
  t.equal(shorten('/srv/app/releases/42/app.js', 16), '/srv/…/42/app.js')
})
