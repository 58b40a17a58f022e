import type { ClientHttp2Session } from 'node:http2'

import type { ConnectionTrace } from '../connection-trace.ts'

/** One HTTP/2 connection, and what is known of it. */
export interface Session {
  readonly http2: ClientHttp2Session
  readonly trace: ConnectionTrace
}
