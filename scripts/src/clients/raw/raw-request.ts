import { isIP } from 'node:net'

import type { Target } from '../target.ts'

/**
 * @param headers lines of further headers, without line ends
 * @returns the complete head of a request
 */
export function requestHead (target: Target, method: string, path: string, headers: readonly string[] = []): string {
  const host = isIP(target.host) === 6 ? `[${target.host}]` : target.host
  return [`${method} ${path} HTTP/1.1`, `Host: ${host}:${target.port}`, ...headers, '', ''].join('\r\n')
}
