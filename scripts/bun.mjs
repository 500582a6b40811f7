#!/usr/bin/env node
// Starts Bun, which npm has installed beside us, on any npm and whether or not install scripts ran: the platform package holds a
// runnable binary. Bun reads BUN_CONFIG_MAX_HTTP_REQUESTS only at start, so it is set here; without it 256 quiet streams block all others.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The binary, from wherever it is: the platform package, the wrapper, the PATH. */
function findBun() {
  const name = process.platform === 'win32' ? 'bun.exe' : 'bun'
  for (let folder = root; ; folder = dirname(folder)) {
    const modules = join(folder, 'node_modules')
    const scope = join(modules, '@oven')
    if (existsSync(scope)) {
      const fits = readdirSync(scope)
        .filter((entry) => entry.startsWith(`bun-${process.platform === 'win32' ? 'windows' : process.platform}-`))
        .sort((a, b) => rank(a) - rank(b))
      for (const entry of fits) {
        const binary = join(scope, entry, 'bin', name)
        if (existsSync(binary)) return binary
      }
    }
    const wrapper = join(modules, 'bun', 'bin', 'bun.exe')
    if (existsSync(wrapper)) return wrapper
    if (dirname(folder) === folder) return name
  }
}

/** The plain build for this processor first, then baseline and musl ones. */
function rank(entry) {
  const processor = process.arch === 'arm64' ? 'aarch64' : 'x64'
  return (entry.includes(processor) ? 0 : 10) + (entry.includes('baseline') ? 2 : 0) + (entry.includes('musl') ? 4 : 0)
}

const bun = findBun()
const args = process.argv.slice(2)
const environment = { BUN_CONFIG_MAX_HTTP_REQUESTS: '65336', ...process.env }

if (typeof process.execve === 'function' && process.platform !== 'win32' && bun.includes('/'))
  process.execve(bun, [bun, ...args], environment)

const child = spawn(bun, args, { stdio: 'inherit', env: environment })
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(`Bun could not be started (${error.message}). Run \`npm install\` first.`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128 + 15)))
