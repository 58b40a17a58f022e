import { existsSync } from 'node:fs'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FastifyPluginAsync, FastifyServerOptions } from 'fastify'
import { ApplicationNotFoundError, NoPluginError, OptionNotAllowedError, OptionsNotAnObjectError } from '../errors.ts'

/** A Fastify plugin, and options for the server that it runs in. */
export interface Application {
  readonly plugin: FastifyPluginAsync
  readonly options: FastifyServerOptions
}

const BUILT_IN_URL = new URL(`../app/index${extname(import.meta.url)}`, import.meta.url)

/** Options that an application may not set, because Baton could not drain or supervise the server. */
const RESERVED_OPTIONS: Readonly<Record<string, string>> = {
  serverFactory: 'Baton makes the server, so that it drains without failing a request',
  http2: 'set HTTP2 instead, with TLS_CERT_FILE and TLS_KEY_FILE',
  https: 'set TLS_CERT_FILE and TLS_KEY_FILE instead',
  logger: 'set LOG_LEVEL and LOG_REQUESTS instead',
  loggerInstance: 'set LOG_LEVEL and LOG_REQUESTS instead',
  logController: 'set LOG_REQUESTS instead',
  return503OnClosing: 'a draining worker still answers requests',
  forceCloseConnections: 'a draining worker closes connections with the answers to their last requests'
}

/**
 * Loads an application as fastify-cli does: the default export is the plugin, a named export `options`
 * holds Fastify server options; ESM or CommonJS.
 *
 * @param path resolved path of a file; null for the built-in application
 * @throws the error that the file throws on import, or one that says what is wrong with its exports
 */
export async function loadApplication (path: string | null): Promise<Application> {
  if (path !== null && !existsSync(path)) throw new ApplicationNotFoundError(path)
  const url = path === null ? BUILT_IN_URL : pathToFileURL(path)
  const name = path ?? 'built into Baton'
  const exports = flatten(await import(url.href) as ModuleExports)

  if (typeof exports.plugin !== 'function') throw new NoPluginError(name, describe(exports.plugin))
  return { plugin: exports.plugin as FastifyPluginAsync, options: checkOptions(name, exports.options) }
}

interface ModuleExports {
  readonly default?: unknown
  readonly options?: unknown
}

/** A CommonJS module arrives as the default export; if it was compiled from ESM, its own default export is inside. */
function flatten (module: ModuleExports): { plugin: unknown, options: unknown } {
  const inner = (module.default ?? {}) as ModuleExports & { __esModule?: boolean }
  const isNested = inner.__esModule === true || typeof module.default === 'object'
  return {
    plugin: isNested ? inner.default ?? module.default : module.default,
    options: [module.options, inner.options, {}].find((options) => options !== undefined)
  }
}

function checkOptions (name: string, options: unknown): FastifyServerOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new OptionsNotAnObjectError(name, describe(options))
  }
  for (const option of Object.keys(options)) {
    const reason = RESERVED_OPTIONS[option]
    if (reason !== undefined) throw new OptionNotAllowedError(name, option, reason)
  }
  return options
}

function describe (value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`
}
