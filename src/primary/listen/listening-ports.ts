import { readdir, readFile, readlink } from 'node:fs/promises'

/** 0.0.0.0 and 127.0.0.1 as `/proc/net/tcp` has them: hexadecimal, in the byte order of the machine. */
const REACHED_BY_LOOPBACK = ['00000000', '0100007F', '7F000001']

/** The state of a socket that listens. */
const LISTEN = '0A'

/**
 * Ports of the loopback interface (IPv4) on which a process listens with sockets of its own, which are
 * those that it does not share with us. Linux only.
 *
 * @throws when the process is gone, when it belongs to somebody else, or without `/proc`
 */
export async function listeningPorts (pid: number): Promise<number[]> {
  const [theirs, ours, table] = await Promise.all([
    sockets(pid), sockets('self'), readFile(`/proc/${pid}/net/tcp`, 'utf8')
  ])
  return table.trim().split('\n').slice(1).flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    const isMeant = state === LISTEN && REACHED_BY_LOOPBACK.includes(address) && theirs.has(inode) && !ours.has(inode)
    return isMeant ? [parseInt(port, 16)] : []
  })
}

/** @returns the inodes of the sockets that a process has open */
async function sockets (pid: number | 'self'): Promise<Set<string>> {
  const folder = `/proc/${pid}/fd`
  const links = await Promise.all((await readdir(folder)).map(async (descriptor) => {
    // It may have been closed since.
    return await readlink(`${folder}/${descriptor}`).catch(() => '')
  }))
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []))
}
