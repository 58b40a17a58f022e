import { endianness } from 'node:os'
import t from 'tap'
import { findListener, findPortHolder } from '../../../src/primary/listen/proc-net.ts'

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: ${word('7F000001')}:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41 1 0 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 42 1 0 100 0 0 10 0
   2: ${word('7F000001')}:0BB8 ${word('7F000001')}:D431 01 00000000:00000000 00:00000000 00000000     0        0 43 1 0 100 0 0 10 0
`
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: ${'0'.repeat(32)}:01BB ${'0'.repeat(32)}:0000 0A 00000000:00000000 00:00000000 00000000     0        0 51 1 0 100 0 0 10 0
   1: ${word('20010DB8')}${'0'.repeat(16)}${word('0000ABCD')}:01BB ${'0'.repeat(32)}:0000 0A 00000000:00000000 00:00000000 00000000     0        0 52 1 0 100 0 0 10 0
`
const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 61 /run/a name with blanks.sock
0000000000000000: 00000002 00000000 00010000 0001 01 62
0000000000000000: 00000003 00000000 00000000 0001 03 63 /run/connected.sock
`
const TABLES: Readonly<Record<string, string>> = { tcp: TCP, tcp6: TCP6, unix: UNIX }

for (const { inode, what, is } of [
  { inode: 41, what: 'the loopback interface', is: { url: 'http://127.0.0.1:3000', port: 3000 } },
  { inode: 42, what: 'all interfaces', is: { url: 'http://0.0.0.0:80', port: 80 } },
  { inode: 43, what: 'nothing, as it is connected', is: undefined },
  { inode: 51, what: 'all interfaces of IPv6', is: { url: 'http://[::]:443', port: 443 } },
  { inode: 52, what: 'one address of IPv6', is: { url: 'http://[2001:db8::abcd]:443', port: 443 } },
  { inode: 61, what: 'a UNIX socket', is: { url: 'unix:/run/a name with blanks.sock' } },
  { inode: 62, what: 'a UNIX socket without a name', is: { url: 'unix:' } },
  { inode: 63, what: 'nothing, as it is a connected UNIX socket', is: undefined },
  { inode: 99, what: 'nothing that is known', is: undefined }
]) {
  await t.test(`a socket listens on ${what}`, async (t) => {
    t.strictSame(findListener(inode, (table) => TABLES[table] as string), is)
  })
}

await t.test('a table that the kernel does not have is skipped', async (t) => {
  const read = (table: string): string => {
    if (table === 'tcp6') throw new Error('ENOENT')
    return TABLES[table] as string
  }

  t.equal(findListener(62, read)?.url, 'unix:')
  t.equal(findListener(51, read), undefined)
})

await t.test('a port on which no process listens has no holder', async (t) => {
  t.equal(await findPortHolder(1), undefined)
})

/** @param hexadecimal in network byte order */
function word (hexadecimal: string): string {
  return endianness() === 'LE' ? (hexadecimal.match(/../g) as string[]).reverse().join('') : hexadecimal
}
