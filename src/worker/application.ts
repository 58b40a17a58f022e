import { existsSync } from 'node:fs'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FastifyPluginAsync, FastifyServerOptions } from 'fastify'
import { ApplicationNotFoundError, NoPluginError, OptionNotAllowedError, OptionsNotAnObjectError } from '../errors.ts'

/** What Baton serves: a plugin, and options for the Fastify server that it runs in. */
export interface Application {
  readonly plugin: FastifyPluginAsync
  readonly options: FastifyServerOptions
}

const BUILT_IN = new URL(`../app/index${extname(import.meta.url)}`, import.meta.url)

/** Options that make a server which this project could not drain, or could not supervise. */
const OWNED: Readonly<Record<string, string>> = {
  serverFactory: 'the server is the one that drains without failing a request',
  http2: 'set HTTP2 instead, with TLS_CERT_FILE and TLS_KEY_FILE',
  https: 'set TLS_CERT_FILE and TLS_KEY_FILE instead',
  logger: 'set LOG_LEVEL and LOG_REQUESTS instead',
  loggerInstance: 'set LOG_LEVEL and LOG_REQUESTS instead',
  logController: 'set LOG_REQUESTS instead',
  return503OnClosing: 'a draining worker answers as ever',
  forceCloseConnections: 'connections are closed by the answers to their last requests'
}

/**
 * Loads an application as fastify-cli does: the default export is the plugin, a named export `options`
 * holds Fastify server options; ESM or CommonJS.
 *
 * @param path resolved path of a file; null for the built-in application
 * @throws what the file throws on import, or an error that says what is wrong with its exports
 */
export async function loadApplication (path: string | null): Promise<Application> {
  if (path !== null && !existsSync(path)) throw new ApplicationNotFoundError(path)
  const url = path === null ? BUILT_IN : pathToFileURL(path)
  const name = path ?? 'built into Baton'
  const exports = flatten(await import(url.href) as ModuleExports)

  if (typeof exports.plugin !== 'function') throw new NoPluginError(name, describe(exports.plugin))
  return { plugin: exports.plugin as FastifyPluginAsync, options: checkOptions(name, exports.options) }
}

interface ModuleExports {
  readonly default?: unknown
  readonly options?: unknown
}

/** A CommonJS module arrives as the default export; one compiled from ESM has its own default inside. */
function flatten (module: ModuleExports): { plugin: unknown, options: unknown } {
  const inner = (module.default ?? {}) as ModuleExports & { __esModule?: boolean }
  return {
    plugin: inner.__esModule === true || typeof module.default === 'object' ? inner.default ?? module.default : module.default,
    options: [module.options, inner.options, {}].find((options) => options !== undefined)
  }
}

function checkOptions (name: string, options: unknown): FastifyServerOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new OptionsNotAnObjectError(name, describe(options))
  }
  for (const option of Object.keys(options)) {
    const reason = OWNED[option]
    if (reason !== undefined) throw new OptionNotAllowedError(name, option, reason)
  }
  return options
}

function describe (value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`
}
