import { join } from 'node:path'
import Fastify from 'fastify'
import t from 'tap'
import { loadApplication } from '../../src/worker/application.ts'
import { fixture } from '../helpers/root.ts'

const app = (name: string): string => fixture(`apps/${name}`)

await t.test('an application is loaded from ESM and CommonJS, with its options', async (t) => {
  for (const name of [
    'with-options.js', 'common-js.cjs', 'common-js-options-unseen.cjs', 'compiled-from-esm.cjs', 'default-in-an-object.cjs'
  ]) {
    const { plugin, options } = await loadApplication(app(name))

    t.type(plugin, 'function', name)
    t.same(options, { bodyLimit: 1000 }, name)
  }
})

await t.test('an application without options has none', async (t) => {
  const { plugin, options } = await loadApplication(app('hello.js'))
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(plugin)

  t.same(options, {})
  t.match((await fastify.inject('/')).json(), { app: 'hello' })
})

await t.test('without a path the built-in application is loaded', async (t) => {
  const { plugin, options } = await loadApplication(null)

  t.type(plugin, 'function')
  t.same(options, {})
})

await t.test('the error about a wrong application names the file and what is expected', async (t) => {
  const applications: Array<[file: string, code: string, message: RegExp]> = [
    ['missing.js', 'BATON_APPLICATION_NOT_FOUND', /missing\.js does not exist: name the file of a Fastify plugin/],
    ['empty.js', 'BATON_NO_PLUGIN', /empty\.js has no plugin: its default export is missing, and it must be a function/],
    ['default-is-an-object.js', 'BATON_NO_PLUGIN', /its default export is of type object/],
    ['default-is-null.js', 'BATON_NO_PLUGIN', /its default export is null/],
    ['options-null.js', 'BATON_OPTIONS_NOT_AN_OBJECT', /"options" of the application .*options-null\.js is null/],
    ['options-in-a-list.js', 'BATON_OPTIONS_NOT_AN_OBJECT', /is an array, and it must be an object/]
  ]

  for (const [file, code, message] of applications) {
    await t.rejects(loadApplication(app(file)), { code, message }, file)
  }
})

await t.test('an error that the file throws on import is passed on unchanged', async (t) => {
  await t.rejects(loadApplication(app('throws-on-import.js')), new Error('no database'))
})

await t.test('a reserved option is refused, with its name and the reason', async (t) => {
  const reserved: Array<[option: string, reason: RegExp]> = [
    ['serverFactory', /Baton makes the server/],
    ['http2', /set HTTP2 instead/],
    ['https', /set TLS_CERT_FILE and TLS_KEY_FILE instead/],
    ['logger', /set LOG_LEVEL and LOG_REQUESTS instead/],
    ['loggerInstance', /set LOG_LEVEL and LOG_REQUESTS instead/],
    ['logController', /set LOG_REQUESTS instead/],
    ['return503OnClosing', /still answers/],
    ['forceCloseConnections', /with the answers to their last requests/]
  ]
  const folder = t.testdir(Object.fromEntries(reserved.map(([option]) => [
    `${option}.mjs`, `export const options = { bodyLimit: 1, ${option}: true }\nexport default async () => {}\n`
  ])))

  for (const [option, reason] of reserved) {
    const loaded = loadApplication(join(folder, `${option}.mjs`))

    await t.rejects(loaded, { code: 'BATON_OPTION_NOT_ALLOWED', message: reason }, option)
    await t.rejects(loaded, { message: new RegExp(`may not set the server option "${option}"`) }, option)
  }
})
