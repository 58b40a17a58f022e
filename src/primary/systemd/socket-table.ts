import { endianness } from 'node:os'

/** Where a socket listens. */
export interface Listener {
  /** `http://host:port`, or `unix:/path`. */
  readonly url: string
  /** None on a UNIX socket. */
  readonly port?: number
}

/** TCP_LISTEN of the kernel. */
const LISTEN = '0A'
/** SO_ACCEPTCON of the kernel: a UNIX socket that listens. */
const ACCEPTS = 0x10000

/**
 * Finds a listening socket in the tables of proc(5).
 *
 * @param read gives one table, such as `tcp`; throws when the kernel has none of the name
 */
export function findListener (inode: number, read: (table: string) => string): Listener | undefined {
  return findTcp(String(inode), rows(read, 'tcp')) ?? findTcp(String(inode), rows(read, 'tcp6')) ?? findUnix(String(inode), rows(read, 'unix'))
}

function rows (read: (table: string) => string, table: string): string[][] {
  try {
    return read(table).trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/))
  } catch {
    // There is no tcp6 where the kernel has no IPv6.
    return []
  }
}

function findTcp (inode: string, table: readonly string[][]): Listener | undefined {
  const local = table.find(([, , , state, , , , , , found]) => state === LISTEN && found === inode)?.[1]
  if (local === undefined) return undefined
  const [address = '', hexPort = ''] = local.split(':')
  const port = parseInt(hexPort, 16)
  return { url: `http://${toHost(address)}:${port}`, port }
}

function findUnix (inode: string, table: readonly string[][]): Listener | undefined {
  const row = table.find(([, , , flags = '', , , found]) => (parseInt(flags, 16) & ACCEPTS) !== 0 && found === inode)
  return row === undefined ? undefined : { url: `unix:${row.slice(7).join(' ')}` }
}

/** @param hexadecimal the address in words of 32 bits, each in the byte order of the machine */
function toHost (hexadecimal: string): string {
  const words = hexadecimal.match(/.{8}/g) as string[]
  const bytes = words.flatMap((word) => {
    const inOrder = word.match(/../g) as string[]
    /* c8 ignore next -- a machine has one order */
    return (endianness() === 'LE' ? inOrder.reverse() : inOrder).map((byte) => parseInt(byte, 16))
  })
  if (bytes.length === 4) return bytes.join('.')
  const groups = bytes.flatMap((byte, index) => index % 2 === 0 ? [((byte << 8) | (bytes[index + 1] as number)).toString(16)] : [])
  return new URL(`http://[${groups.join(':')}]`).hostname
}
