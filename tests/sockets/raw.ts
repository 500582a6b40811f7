import { connect, createServer, type Socket } from 'node:net'

/** A request as it stood on the wire. */
export interface RawRequest {
  readonly head: string
  readonly body: string
}

/** What a provider of bare sockets does with a request. Nothing is written for it: it may as well stay silent. */
export type Play = (socket: Socket, request: RawRequest) => void | Promise<void>

export interface RawProvider {
  readonly url: string
  readonly requests: RawRequest[]
  /** sockets that are open now */
  open(): number
  /** when the peer closed the socket of each request that it cut short; milliseconds of `performance.now()` */
  readonly closed: number[]
  close(): void
}

/** A provider below HTTP: it can stay silent, reset, and say what no HTTP library would. */
export async function rawProvider(play: Play): Promise<RawProvider> {
  const requests: RawRequest[] = []
  const closed: number[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let waiting = ''
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      closed.push(performance.now())
    })
    socket.on('data', (block) => {
      waiting += block.toString('latin1')
      for (let request = take(); request; request = take()) {
        requests.push(request)
        Promise.resolve(play(socket, request)).catch(() => socket.destroy())
      }
    })

    function take(): RawRequest | undefined {
      const end = waiting.indexOf('\r\n\r\n')
      if (end < 0) return undefined
      const head = waiting.slice(0, end)
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (waiting.length < end + 4 + length) return undefined
      const body = waiting.slice(end + 4, end + 4 + length)
      waiting = waiting.slice(end + 4 + length)
      return { head, body }
    }
  })
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const at = server.address()
      resolve(typeof at === 'object' && at ? at.port : 0)
    }),
  )
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    closed,
    open: () => sockets.size,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** An HTTP/1.1 answer in full. */
export function http(status: string, headers: Readonly<Record<string, string>>, body: string | Uint8Array): Uint8Array {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const lines = Object.entries({ 'content-length': String(bytes.length), ...headers }).map(([k, v]) => `${k}: ${v}\r\n`)
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`), bytes])
}

/** The head of a chunked answer, and one chunk of it. */
export const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
export const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

/** One event of an OpenAI chat stream with some text, or its end. */
export const delta = (text: string): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: text }, finish_reason: null }] })}\n\n`
export const finish = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`

/** A whole OpenAI chat answer. */
export const completion = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
})

/** An answer as it stood on the wire. */
export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

export interface Wired {
  /** ends our half of the connection after writing */
  readonly halfClose?: boolean
  /** milliseconds to listen at most; the answer is what came until then */
  readonly ms?: number
}

/** Says these very bytes to a server and hears until it closes, or has answered with a counted length. */
export function sayRaw(
  url: string,
  text: string | Uint8Array,
  { halfClose, ms = 3000 }: Wired = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect(Number(port), hostname, () => (halfClose ? socket.end(text) : void socket.write(text)))
    const timer = setTimeout(end, ms)
    socket.on('error', end)
    socket.on('close', end)
    socket.on('data', (block) => {
      heard += block.toString('latin1')
      if (isComplete(heard)) end()
    })
    function end(): void {
      clearTimeout(timer)
      socket.destroy()
      const cut = heard.indexOf('\r\n\r\n')
      resolve({
        status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(heard)?.[1] ?? 0),
        head: cut < 0 ? heard : heard.slice(0, cut),
        body: cut < 0 ? '' : heard.slice(cut + 4),
      })
    }
  })
}

function isComplete(heard: string): boolean {
  const cut = heard.indexOf('\r\n\r\n')
  if (cut < 0) return false
  const head = heard.slice(0, cut)
  const length = /content-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) return heard.length >= cut + 4 + Number(length)
  return /transfer-encoding: *chunked/i.test(head) && heard.endsWith('\r\n0\r\n\r\n')
}

/** A POST as text, with the headers that any request needs unless they are given. */
export function post(path: string, key: string, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = {
    host: 'gateway',
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }
  const lines = Object.entries(all).filter(([, value]) => value !== '')
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}
