import { cpSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { hello } from '../helpers/http.ts'
import { serve } from '../helpers/program.ts'
import { ROOT } from '../helpers/root.ts'

await t.test('with the whole project in the release folder the code of the workers comes from the new release too', async (t) => {
  const folder = t.testdir({})
  const current = join(folder, 'current')
  const deploy = (release: string): void => {
    const path = join(folder, release)
    cpSync(join(ROOT, 'dist'), join(path, 'dist'), { recursive: true })
    cpSync(join(ROOT, 'package.json'), join(path, 'package.json'))
    symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'))
    const route = join(path, 'dist/app/routes/hello.js')
    writeFileSync(route, readFileSync(route, 'utf8').replace('\'world\'', `'${release}'`))
    symlinkSync(path, `${current}.next`)
    renameSync(`${current}.next`, current)
  }
  deploy('one')
  const program = await serve(t, { main: join(current, 'dist/main.js') })
  t.match(await hello(program.url), { hello: 'one' })

  deploy('two')
  process.kill((await hello(program.url)).pid, 'SIGKILL')
  await program.event('worker:ready', 3)
  for (let count = 0; count < 6; count++) t.match(await hello(program.url), { hello: 'one' })
  t.equal((await program.reload()).event, 'reload:completed')

  for (let count = 0; count < 6; count++) t.match(await hello(program.url), { hello: 'two', generation: 2 })
})
