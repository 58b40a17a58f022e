import type { SettingName, Settings } from './settings.ts'

/** Why a setting is wrong. */
export interface Problem {
  readonly variable: SettingName
  readonly value: unknown
  /** Ends the sentence "it must be ...". */
  readonly allowed: string
}

interface CrossCheck {
  /** Skipped while one of these has a wrong value. */
  readonly about: readonly SettingName[]
  readonly find: (settings: Settings, workers: number) => Problem | undefined
}

/** Values that are allowed one by one, but not together. */
const CROSS_CHECKS: readonly CrossCheck[] = [
  {
    about: ['MAX_SURGE', 'WORKERS'],
    find: ({ MAX_SURGE: value }, workers) => value > workers
      ? { variable: 'MAX_SURGE', value, allowed: `at most the number of workers, which is ${workers}` }
      : undefined
  },
  {
    about: ['MAX_SURGE', 'WORKERS'],
    find: ({ MAX_SURGE: value }, workers) => value === 0 && workers === 1
      ? { variable: 'MAX_SURGE', value, allowed: 'at least 1 with one worker, because no other could take its place' }
      : undefined
  },
  {
    about: ['TLS_CERT_FILE', 'TLS_KEY_FILE'],
    find: ({ TLS_CERT_FILE: certificate, TLS_KEY_FILE: key }) => {
      if ((certificate === undefined) === (key === undefined)) return undefined
      const variable = key === undefined ? 'TLS_KEY_FILE' : 'TLS_CERT_FILE'
      return { variable, value: undefined, allowed: 'set together with the other file of the pair' }
    }
  },
  {
    about: ['HTTP2', 'TLS_CERT_FILE', 'TLS_KEY_FILE'],
    find: ({ HTTP2: value, TLS_CERT_FILE: certificate, TLS_KEY_FILE: key }) => {
      if (!value || certificate !== undefined || key !== undefined) return undefined
      const allowed = '"false" without TLS_CERT_FILE and TLS_KEY_FILE, because browsers speak HTTP/2 over TLS only'
      return { variable: 'HTTP2', value, allowed }
    }
  },
  {
    about: ['METRICS_PORT', 'METRICS_HOST', 'PORT', 'HOST', 'LISTEN_SOCKET'],
    find: ({ METRICS_PORT: value, PORT: port, LISTEN_SOCKET: socket }) =>
      value === port && value !== 0 && socket === undefined
        ? { variable: 'METRICS_PORT', value, allowed: 'another port than PORT' }
        : undefined
  },
  {
    about: ['SLOT_PORT_BASE', 'WORKERS'],
    find: ({ SLOT_PORT_BASE: value }, workers) => {
      if (value === 'off' || value + workers - 1 <= 65535) return undefined
      const allowed = `at most ${65536 - workers}, so that each of the ${workers} workers has a port`
      return { variable: 'SLOT_PORT_BASE', value, allowed }
    }
  },
  {
    about: ['SLOT_PORT_BASE', 'WORKERS', 'PORT', 'METRICS_PORT', 'LISTEN_SOCKET'],
    find: ({ SLOT_PORT_BASE: value, PORT: port, METRICS_PORT: metrics, LISTEN_SOCKET: socket }, workers) => {
      if (value === 'off') return undefined
      const others = [socket === undefined ? port : undefined, metrics === 'off' ? undefined : metrics]
      const taken = others.find((other) => other !== undefined && other >= value && other < value + workers)
      if (taken === undefined) return undefined
      const allowed = `such that the ${workers} ports from it on do not include ${taken}, which is in use`
      return { variable: 'SLOT_PORT_BASE', value, allowed }
    }
  }
]

/**
 * @param workers the number that `WORKERS` stands for
 * @param wrong settings whose own value is wrong
 */
export function crossCheck (settings: Settings, workers: number, wrong: readonly SettingName[]): Problem[] {
  return CROSS_CHECKS
    .filter(({ about }) => !about.some((name) => wrong.includes(name)))
    .flatMap(({ find }) => find(settings, workers) ?? [])
}
