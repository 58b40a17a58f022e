import type { SettingName, Settings } from './settings.ts'

export interface Problem {
  readonly variable: SettingName
  readonly value: unknown
  /** Ends the sentence "it must be ...". */
  readonly allowed: string
}

interface Rule {
  /** It is not looked at while one of these is wrong by itself. */
  readonly about: readonly SettingName[]
  readonly find: (settings: Settings, workers: number) => Problem | undefined
}

/** What each setting allows by itself, and together they do not. */
const RULES: readonly Rule[] = [
  {
    about: ['MAX_SURGE', 'WORKERS'],
    find: ({ MAX_SURGE: value }, workers) => value > workers
      ? { variable: 'MAX_SURGE', value, allowed: `at most the number of workers, which is ${workers}` }
      : undefined
  },
  {
    about: ['MAX_SURGE', 'WORKERS'],
    find: ({ MAX_SURGE: value }, workers) => value === 0 && workers === 1
      ? { variable: 'MAX_SURGE', value, allowed: 'at least 1 with one worker, which nobody else could stand in for' }
      : undefined
  },
  {
    about: ['TLS_CERT_FILE', 'TLS_KEY_FILE'],
    find: ({ TLS_CERT_FILE: certificate, TLS_KEY_FILE: key }) => (certificate === undefined) === (key === undefined)
      ? undefined
      : { variable: key === undefined ? 'TLS_KEY_FILE' : 'TLS_CERT_FILE', value: undefined, allowed: 'set together with the other file of the pair' }
  },
  {
    about: ['HTTP2', 'TLS_CERT_FILE', 'TLS_KEY_FILE'],
    find: ({ HTTP2: value, TLS_CERT_FILE: certificate, TLS_KEY_FILE: key }) => value && certificate === undefined && key === undefined
      ? { variable: 'HTTP2', value, allowed: '"false" without TLS_CERT_FILE and TLS_KEY_FILE: browsers speak HTTP/2 over TLS only' }
      : undefined
  },
  {
    about: ['METRICS_PORT', 'METRICS_HOST', 'PORT', 'HOST', 'LISTEN_SOCKET'],
    find: ({ METRICS_PORT: value, PORT: port, LISTEN_SOCKET: socket }) => value === port && value !== 0 && socket === undefined
      ? { variable: 'METRICS_PORT', value, allowed: 'another port than PORT' }
      : undefined
  },
  {
    about: ['SLOT_PORT_BASE', 'WORKERS'],
    find: ({ SLOT_PORT_BASE: value }, workers) => value !== 'off' && value + workers - 1 > 65535
      ? { variable: 'SLOT_PORT_BASE', value, allowed: `at most ${65536 - workers}, so that each of the ${workers} workers has a port` }
      : undefined
  },
  {
    about: ['SLOT_PORT_BASE', 'WORKERS', 'PORT', 'METRICS_PORT', 'LISTEN_SOCKET'],
    find: ({ SLOT_PORT_BASE: value, PORT: port, METRICS_PORT: metrics, LISTEN_SOCKET: socket }, workers) => {
      if (value === 'off') return undefined
      const taken = [socket === undefined ? port : 'off', metrics].find((other) => typeof other === 'number' && other >= value && other < value + workers)
      return taken === undefined ? undefined : { variable: 'SLOT_PORT_BASE', value, allowed: `such that the ${workers} ports from it on leave out ${taken}, which is in use` }
    }
  }
]

/**
 * @param workers how many `WORKERS` stands for
 * @param wrong settings that are wrong by themselves
 */
export function contradictions (settings: Settings, workers: number, wrong: readonly SettingName[]): Problem[] {
  return RULES
    .filter(({ about }) => !about.some((name) => wrong.includes(name)))
    .flatMap(({ find }) => find(settings, workers) ?? [])
}
