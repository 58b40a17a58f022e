import { RequestFailure } from './request-failure.ts'

/** What an answer to `GET /` or `GET /slow` says about its worker; other servers say less. */
export interface WorkerIdentity {
  readonly generation?: number
  readonly slot?: number
  readonly pid?: number
}

/** @throws RequestFailure when the body is not the object that these routes answer with */
export function readIdentity (body: string): WorkerIdentity {
  const value = parse(body)
  if (typeof value !== 'object' || value === null) throw new RequestFailure('wrong content', body.length)
  return value
}

function parse (body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new RequestFailure('wrong content', body.length, { cause: error })
  }
}
