import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { type SupervisorMessage, variablesFor, type WorkerMessage } from './worker.ts'

export interface Supervision {
  readonly workers: number
  readonly port: number
  readonly log: (line: string) => void
  /** once, when all listen */
  readonly ready: (url: string) => void
}

interface Worker {
  readonly index: number
  readonly child: ChildProcess
  readonly begunAt: number
  /** resolves with its URL, or with undefined when it ends before it listens */
  readonly listening: Promise<string | undefined>
  readonly gone: Promise<number>
  /** it was asked to leave: its end is no fault */
  leaving: boolean
}

/** Milliseconds before a worker that died is started again: at once, and ever later while it keeps dying young. */
const firstBackOffMs = 100
const mostBackOffMs = 10_000
const youngMs = 30_000

/**
 * Runs the same command as so many workers that share a port, starts again what dies, and passes signals on: SIGTERM and SIGINT end them,
 * SIGHUP makes them read the configuration again, SIGUSR2 replaces them one by one. Resolves with the exit code.
 */
export async function supervise({ workers: count, port: wanted, log, ready }: Supervision): Promise<number> {
  const port = wanted === 0 ? await freePort() : wanted
  const workers = new Map<number, Worker>()
  const backOff = new Map<number, number>()
  let ending = false
  let rolling = false
  let worst = 0
  const over = Promise.withResolvers<void>()

  function end(): void {
    ending = true
    for (const { child } of workers.values()) child.kill('SIGTERM')
    if (workers.size === 0) over.resolve()
  }

  function begin(index: number): Worker {
    const worker = startWorker(index, port)
    workers.set(index, worker)
    void worker.gone.then((code) => ended(worker, code))
    return worker
  }

  function ended(worker: Worker, code: number): void {
    if (workers.get(worker.index) === worker) workers.delete(worker.index)
    if (worker.leaving || ending) {
      worst = Math.max(worst, code)
      if (ending && workers.size === 0) over.resolve()
      return
    }
    const young = performance.now() - worker.begunAt < youngMs
    const wait = young ? Math.min(mostBackOffMs, (backOff.get(worker.index) ?? firstBackOffMs / 2) * 2) : firstBackOffMs
    backOff.set(worker.index, wait)
    log(`error: worker ${worker.index} ended with ${code} and is started again in ${wait} ms`)
    setTimeout(() => {
      if (!ending && !workers.has(worker.index)) begin(worker.index)
    }, wait)
  }

  /** One by one: the new one listens before the old one is asked to go. */
  async function roll(): Promise<void> {
    if (rolling || ending) return
    rolling = true
    log('workers are replaced one by one')
    for (const old of [...workers.values()]) {
      if (ending) break
      const next = startWorker(old.index, port)
      if ((await next.listening) === undefined) {
        log(`error: the new worker ${old.index} did not start; the old ones go on`)
        rolling = false
        return
      }
      workers.set(old.index, next)
      if (ending) next.child.kill('SIGTERM')
      void next.gone.then((code) => ended(next, code))
      old.leaving = true
      const message: SupervisorMessage = { makeWay: true }
      if (old.child.connected) old.child.send(message)
      await old.gone
    }
    rolling = false
    log('all workers were replaced')
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end)
  process.on('SIGHUP', () => {
    for (const { child } of workers.values()) child.kill('SIGHUP')
  })
  process.on('SIGUSR2', () => void roll())

  const first = Array.from({ length: count }, (_, index) => begin(index + 1))
  const urls = await Promise.all(first.map(({ listening }) => listening))
  if (urls.includes(undefined) && !ending) {
    // what keeps one from starting keeps all: it said why
    end()
    await over.promise
    return 1
  }
  if (!ending) ready(urls[0] ?? '')
  await over.promise
  return worst
}

function startWorker(index: number, port: number): Worker {
  const [, ...args] = process.argv
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...variablesFor({ index, port }) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // a group of its own: Ctrl-C reaches the supervisor alone, which passes it on once
    detached: true,
  })
  const gone = new Promise<number>((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1))
    child.once('error', () => resolve(1))
  })
  const told = new Promise<string>((resolve) => {
    child.on('message', (message: WorkerMessage) => {
      if (typeof message?.listening === 'string') resolve(message.listening)
    })
  })
  const listening = Promise.race([told, gone.then(() => undefined)])
  return { index, child, begunAt: performance.now(), listening, gone, leaving: false }
}

/** A port that nobody has at the moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address()
      server.close(() => resolve(typeof bound === 'object' && bound ? bound.port : 0))
    })
  })
}
