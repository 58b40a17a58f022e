import { readFileSync } from 'node:fs'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { endianness } from 'node:os'

// All that the service reads from Linux's socket tables in /proc/net: see proc(5).

/** Where a socket listens. */
export interface Listener {
  /** `http://host:port`, or `unix:/path`. */
  readonly url: string
  /** Undefined for a UNIX socket. */
  readonly port?: number
}

/** A process, as far as this user may see it. */
export interface PortHolder {
  readonly pid: number
  /** Name of its command, at most 15 characters. */
  readonly name: string
}

interface TcpRow {
  /** Hexadecimal, in words of 32 bits in the byte order of the machine. */
  readonly address: string
  readonly port: number
  readonly inode: string
}

/** The kernel's state of a listening TCP socket. */
const TCP_LISTEN = '0A'
/** The kernel's flag of a listening UNIX socket. */
const SO_ACCEPTCON = 0x10000
/** 0.0.0.0 and 127.0.0.1, the latter in either byte order. */
const REACHED_BY_LOOPBACK = ['00000000', '0100007F', '7F000001']

/**
 * Finds a listening socket by its inode.
 *
 * @param read returns one table, such as `tcp`; throws when the kernel does not have it
 */
export function findListener (inode: number, read: (table: string) => string = readTable): Listener | undefined {
  const tcp = tcpListeners(read).find((row) => row.inode === String(inode))
  if (tcp !== undefined) return { url: `http://${toHost(tcp.address)}:${tcp.port}`, port: tcp.port }
  const unix = rows(read, 'unix').find(([, , , flags = '', , , found]) =>
    (parseInt(flags, 16) & SO_ACCEPTCON) !== 0 && found === String(inode))
  return unix === undefined ? undefined : { url: `unix:${unix.slice(7).join(' ')}` }
}

/**
 * Ports of the loopback interface (IPv4) on which a process listens with sockets that it does not share with this
 * process.
 *
 * @throws when the process has exited, when it belongs to another user, or without `/proc`
 */
export async function listeningPorts (pid: number): Promise<number[]> {
  const [theirs, ours, table] = await Promise.all([
    socketsOf(pid), socketsOf('self'), readFile(`/proc/${pid}/net/tcp`, 'utf8')
  ])
  return tcpListeners((name) => name === 'tcp' ? table : '')
    .filter(({ address, inode }) => REACHED_BY_LOOPBACK.includes(address) && theirs.has(inode) && !ours.has(inode))
    .map(({ port }) => port)
}

/** @returns a process that listens on a TCP port; undefined when this user may not see it, or without `/proc` */
export async function findPortHolder (port: number): Promise<PortHolder | undefined> {
  const inodes = new Set(tcpListeners(readTable).filter((row) => row.port === port).map(({ inode }) => inode))
  const pids = inodes.size === 0 ? [] : (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  for (const pid of pids) {
    // The process may have exited since, or belong to another user.
    const sockets = await socketsOf(pid).catch(() => new Set<string>())
    if (![...sockets].some((inode) => inodes.has(inode))) continue
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
    return { pid, name: name.trim() }
  }
  return undefined
}

function readTable (name: string): string {
  return readFileSync(`/proc/self/net/${name}`, 'utf8')
}

/** @returns the inodes of the sockets that a process has open */
async function socketsOf (pid: number | 'self'): Promise<Set<string>> {
  const folder = `/proc/${pid}/fd`
  const links = await Promise.all((await readdir(folder)).map(async (descriptor) => {
    // The descriptor may have been closed since.
    return await readlink(`${folder}/${descriptor}`).catch(() => '')
  }))
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []))
}

function tcpListeners (read: (table: string) => string): TcpRow[] {
  return ['tcp', 'tcp6'].flatMap((table) => rows(read, table)).flatMap(([, local = '', , state, , , , , , inode = '']) => {
    const [address = '', port = ''] = local.split(':')
    return state === TCP_LISTEN ? [{ address, port: parseInt(port, 16), inode }] : []
  })
}

function rows (read: (table: string) => string, table: string): string[][] {
  try {
    return read(table).trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/))
  } catch {
    // There is no tcp6 on a kernel without IPv6, and no table at all on systems other than Linux.
    return []
  }
}

function toHost (address: string): string {
  const words = address.match(/.{8}/g) as string[]
  const bytes = words.flatMap((word) => {
    const inOrder = word.match(/../g) as string[]
    /* c8 ignore next -- a machine has one byte order */
    return (endianness() === 'LE' ? inOrder.reverse() : inOrder).map((byte) => parseInt(byte, 16))
  })
  if (bytes.length === 4) return bytes.join('.')
  const groups = bytes.flatMap((byte, index) => index % 2 === 0 ? [((byte << 8) | (bytes[index + 1] as number)).toString(16)] : [])
  return new URL(`http://[${groups.join(':')}]`).hostname
}
