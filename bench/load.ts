import { connect, type Socket } from 'node:net'

/** One kind of request, as bytes on the wire. */
export interface Job {
  readonly port: number
  readonly path: string
  readonly key: string
  readonly body: string
}

function wire({ port, path, key, body }: Job): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

/** A keep-alive connection that asks one thing after another. */
class Line {
  readonly #socket: Socket
  readonly #request: Buffer
  #rest = ''
  #settle: { resolve(): void; reject(error: Error): void } | undefined

  constructor(job: Job) {
    this.#request = wire(job)
    this.#socket = connect(job.port, '127.0.0.1')
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (block) => this.#take(block.toString('latin1')))
    this.#socket.on('error', (error) => this.#settle?.reject(error))
    this.#socket.on('close', () => this.#settle?.reject(new Error('the connection was closed')))
  }

  ask(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#socket.write(this.#request)
    })
  }

  close(): void {
    this.#settle = undefined
    this.#socket.destroy()
  }

  #take(text: string): void {
    this.#rest += text
    const head = this.#rest.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = /content-length: (\d+)/i.exec(this.#rest.slice(0, head))?.[1]
    const complete =
      length === undefined ? this.#rest.endsWith('\r\n0\r\n\r\n') : this.#rest.length >= head + 4 + Number(length)
    if (!complete) return
    const { resolve, reject } = this.#settle ?? { resolve() {}, reject() {} }
    const status = this.#rest.slice(9, 12)
    const shown = this.#rest.slice(0, 600)
    this.#rest = ''
    if (status === '200') resolve()
    else reject(new Error(`status ${status}: ${shown}`))
  }
}

/** Asks `count` times over `lines` connections as fast as answers come; seconds that it took. */
export async function saturate(job: Job, count: number, lines: number): Promise<number> {
  const open = Array.from({ length: lines }, () => new Line(job))
  let left = count
  const begun = performance.now()
  await Promise.all(
    open.map(async (line) => {
      while (left-- > 0) await line.ask()
    }),
  )
  const seconds = (performance.now() - begun) / 1000
  for (const line of open) line.close()
  return seconds
}

/** Asks at a fixed rate for some seconds, whatever the answers take; milliseconds from the moment due to the answer, sorted. */
export async function paced(job: Job, perSecond: number, seconds: number): Promise<number[]> {
  const free: Line[] = Array.from({ length: 64 }, () => new Line(job))
  const times: number[] = []
  const running: Promise<void>[] = []
  const begun = performance.now()
  const total = perSecond * seconds
  for (let asked = 0; asked < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * perSecond))
    while (asked < due) {
      const at = begun + (asked++ * 1000) / perSecond
      const line = free.pop() ?? new Line(job)
      running.push(
        line.ask().then(() => {
          times.push(performance.now() - at)
          free.push(line)
        }),
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  await Promise.all(running)
  for (const line of free) line.close()
  return times.sort((a, b) => a - b)
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
