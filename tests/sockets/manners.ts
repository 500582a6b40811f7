import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { fakeProvider } from 'turnpike-core/internal/testing/fake-provider'
import { http, type RawRequest } from './raw.ts'

/** What a provider of any format would have said: its words are right, how they travel is each manner's own affair. */
interface Said {
  readonly type: string
  readonly bytes: Buffer
  readonly stream: boolean
  /** the number in the request's words */
  readonly id: string
}
type Manner = (socket: Socket, said: Said) => void | Promise<void>

/** seconds that the deployments of `idle/*` may be quiet within a stream */
export const idle = 0.2
const close = { connection: 'close' }
const answered = new WeakSet<Socket>()
/** callers who leave once their request is at the provider, by the number in its words */
export const leavers = new Map<string, AbortController>()

const counted = ({ type, bytes }: Said, headers: Readonly<Record<string, string>> = close, body: Uint8Array = bytes) =>
  http('200 OK', { 'content-type': type, ...headers }, body)
const chunkedHead = ({ type }: Said, headers = '') =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n${headers}\r\n`
const packed = { 'content-encoding': 'gzip', ...close }
const leave = (id: string) => setTimeout(() => leavers.get(id)?.abort(), Number(id) % 20)

/** Writes an answer byte by byte; `gapMs` before each. */
async function drip(socket: Socket, bytes: Uint8Array, gapMs: number): Promise<void> {
  for (const byte of bytes) {
    if (socket.destroyed) return
    socket.write(Buffer.of(byte))
    await Bun.sleep(gapMs)
  }
  socket.end()
}

/** Answers that are right in what they say, however strange the way. */
export const sound: Readonly<Record<string, Manner>> = {
  plain: (socket, said) => void socket.end(counted(said)),
  crumbs(socket, said) {
    const crumbs = [...said.bytes].flatMap((byte) => [Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')])
    socket.end(Buffer.concat([Buffer.from(chunkedHead(said)), ...crumbs, Buffer.from('0\r\n\r\n')]))
  },
  async extended(socket, said) {
    socket.write(chunkedHead(said, 'trailer: x-sum\r\n'))
    for (let at = 0; at < said.bytes.length; at += 97) {
      const piece = said.bytes.subarray(at, at + 97)
      socket.write(`000${piece.length.toString(16).toUpperCase()};name=value;quoted="a b"\r\n`)
      socket.write(piece)
      socket.write('\r\n')
    }
    socket.end('0;last\r\nx-sum: 1\r\n\r\n')
  },
  gzip: (socket, said) => void socket.end(counted(said, packed, gzipSync(said.bytes))),
  'gzip-crumbs'(socket, said) {
    const crumbs = [...gzipSync(said.bytes)].flatMap((byte) => [Buffer.from('1;x\r\n'), Buffer.of(byte, 13, 10)])
    const head = Buffer.from(chunkedHead(said, 'content-encoding: gzip\r\n'))
    socket.end(Buffer.concat([head, ...crumbs, Buffer.from('0\r\n\r\n')]))
  },
}

/** Sound answers over connections that end later, as when a provider's patience for quiet ones is over while the next request is sent. */
export const ending: Readonly<Record<string, Manner>> = {
  'half-closed': (socket, said) => void socket.end(counted(said, {})),
  stale(socket, said) {
    if (answered.has(socket)) socket.end()
    else socket.write(counted(said, {}))
    answered.add(socket)
  },
  async closing(socket, said) {
    socket.write(counted(said, {}))
    await Bun.sleep(Number(said.id) % 5)
    socket.end()
  },
}

/** Answers that cannot be taken for complete. */
export const broken: Readonly<Record<string, Manner>> = {
  reset: (socket) => void socket.resetAndDestroy(),
  async 'reset-within'(socket, said) {
    const bytes = Buffer.from(counted(said))
    // between two events, the last of them not among what is sent
    socket.write(bytes.subarray(0, said.stream ? bytes.lastIndexOf('\n\n', -100) + 2 : -30))
    await Bun.sleep(5)
    socket.resetAndDestroy()
  },
  poisoned: (socket) => void socket.end(http('200 OK', { 'content-type': 'text/html', ...close }, '<html>')),
  'gzip-cut'(socket, said) {
    const bytes = gzipSync(said.bytes)
    socket.end(counted(said, packed, bytes.subarray(0, bytes.length / 2)))
  },
  'gzip-garbage': (socket, said) => void socket.end(counted(said, packed)),
  'bad-chunk': (socket, said) => void socket.end(`${chunkedHead(said)}zz\r\nwhat\r\n0\r\n\r\n`),
}

/** Answers that nobody waits for. */
export const left: Readonly<Record<string, Manner>> = {
  silent: (_, { id }) => void leave(id),
  endless(socket, said) {
    socket.write(counted(said).subarray(0, -10))
    leave(said.id)
  },
}

const slow: Readonly<Record<string, Manner>> = {
  drips: (socket, said) => drip(socket, counted(said), 1),
  async 'drips-too-slowly'(socket, said) {
    const bytes = counted(said)
    socket.write(bytes.subarray(0, -20))
    await drip(socket, bytes.subarray(-20), idle * 2500)
  },
}
const manners: Readonly<Record<string, Manner>> = { ...sound, ...ending, ...broken, ...left, ...slow }

const fake = fakeProvider()

/** Answers as the manner and the number in the request's words say: `[gzip 12]`. */
export async function play(socket: Socket, { head, body }: RawRequest): Promise<void> {
  const [, target] = head.split(' ')
  const [, manner = 'plain', id = '0'] = /\[([a-z-]+) (\d+)\]/.exec(body) ?? []
  const response = await fake.handle(new Request(`http://provider${target}`, { method: 'POST', body }))
  const type = response.headers.get('content-type') ?? ''
  const said = { type, bytes: Buffer.from(await response.bytes()), stream: type.startsWith('text/event-stream'), id }
  // what is kept would be taken for a leak
  fake.requests.length = 0
  await manners[manner]?.(socket, said)
}
