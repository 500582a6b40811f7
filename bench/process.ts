import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dir, '..')

/** A server in a process of its own, so that its CPU and memory can be read. */
export interface Served {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** Starts a script on Bun and waits until it says on which port it listens. */
export function serveScript(
  script: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  said: RegExp,
): Promise<Served> {
  const child = spawn(process.execPath, [join(root, script), ...args], {
    env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: '65336', NODE_ENV: 'production', ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    let text = ''
    child.on('exit', (code) => reject(new Error(`${script} left with ${code}: ${text}`)))
    child.stdout?.on('data', (block: Buffer) => {
      text += block.toString()
      const port = said.exec(text)?.[1]
      if (port !== undefined) resolve({ port: Number(port), pid: child.pid ?? 0, stop: () => stop(child) })
    })
  })
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners('exit')
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

const ticksPerSecond = 100

/** CPU seconds a process has used, its own and the kernel's for it. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Resident memory in megabytes. */
export function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024
}
