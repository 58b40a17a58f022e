import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

import { UsageError } from '../command/command-error.ts'

/** Where the requests go. */
export interface Target {
  /** An IP address, so that no connection waits for a resolver. */
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
  /** For undici: `http://127.0.0.1:3000`. */
  readonly origin: string
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1)$/

export function createTarget (host: string, port: number, scheme: 'http' | 'https' = 'http'): Target {
  const origin = `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  return { host, port, isSecure: scheme === 'https', origin }
}

/**
 * Resolves the host of a URL once, and refuses every address but loopback: it is not a tool to load the
 * servers of other people.
 *
 * @throws UsageError
 */
export async function resolveTarget (url: URL): Promise<Target> {
  const name = url.hostname.replace(/^\[|\]$/g, '')
  if (name !== 'localhost' && !LOOPBACK.test(name)) throw new UsageError(`${name} is not a loopback host`)

  const { address } = await lookup(name)
  if (!LOOPBACK.test(address)) throw new UsageError(`${name} is ${address}, which is not a loopback address`)
  const scheme = url.protocol === 'https:' ? 'https' : 'http'
  return createTarget(address, url.port === '' ? DEFAULT_PORTS[scheme] : Number(url.port), scheme)
}
