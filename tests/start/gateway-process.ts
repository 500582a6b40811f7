import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dir, '..', '..')

/** A folder that is gone when the test is. */
export interface Scratch {
  readonly path: string
  write(name: string, text: string): string
  remove(): void
}

export function scratch(): Scratch {
  const path = mkdtempSync(join(tmpdir(), 'turnpike-start-'))
  return {
    path,
    write(name, text) {
      const file = join(path, name)
      writeFileSync(file, text)
      return file
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** The gateway as people start it: `node scripts/turnpike.mjs …`. */
export interface Started {
  readonly pid: number
  /** resolves with the URL as soon as the banner tells it; rejects with all that was said when it never does */
  readonly url: Promise<string>
  readonly exited: Promise<number>
  /** all that it has said on both channels so far */
  said(): string
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGUSR2'): void
  /** ends it, if it still runs, and waits */
  stop(): Promise<void>
}

export interface Starting {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** Processes that may be starting at once: more would only measure each other. */
const lanes = 2
let busy = 0
const queue: (() => void)[] = []

/** Waits for a lane; what it resolves to gives the lane back. */
export async function lane(): Promise<() => void> {
  if (busy >= lanes) await new Promise<void>((resolve) => queue.push(resolve))
  busy++
  let given = false
  return () => {
    if (given) return
    given = true
    busy--
    queue.shift()?.()
  }
}

/** Runs the command with an environment of its own: nothing of ours but the PATH goes in. */
export function turnpike(args: readonly string[], { cwd, env = {} }: Starting): Started {
  const child = Bun.spawn(['node', join(root, 'scripts/turnpike.mjs'), ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    // a group of its own: on Node 20 the launcher is a process beside Bun's, and both must go
    detached: true,
  })
  let text = ''
  const waiting = new Set<() => void>()
  const listen = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder()
    for await (const block of stream) {
      text += decoder.decode(block, { stream: true })
      for (const wake of waiting) wake()
    }
  }
  const heard = Promise.all([listen(child.stdout), listen(child.stderr)])
  const exited = child.exited.then(async (code) => {
    await heard
    for (const wake of waiting) wake()
    return code
  })
  const url = new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const found = /listens on (http:\/\/\S+)/.exec(text)?.[1]
      if (found !== undefined) resolve(found)
      else if (child.exitCode !== null) reject(new Error(`it ended with ${child.exitCode}:\n${text}`))
    }
    waiting.add(look)
    exited.then(look, reject)
  })
  url.catch(() => {})
  return {
    pid: child.pid,
    url,
    exited,
    said: () => text,
    signal: (name) => child.kill(name),
    async stop() {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // it has gone already
      }
      await exited
    },
  }
}

/** Runs a command of ours to its end. */
export async function runTurnpike(
  args: readonly string[],
  starting: Starting,
): Promise<{ code: number; said: string }> {
  const leave = await lane()
  const run = turnpike(args, starting)
  const code = await run.exited
  leave()
  return { code, said: run.said() }
}
