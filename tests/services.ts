import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Client } from 'pg'

/** A real server for a test, which can be made to fail. */
export interface Running {
  readonly url: string
  /** ends it and removes its files; whoever asks next gets a fresh one */
  stop(): Promise<void>
  /** the same server again, at the same place: whether it runs, hangs or was killed */
  restart(): Promise<void>
  /** freezes it: sockets stay open, nothing is answered */
  pause(): void
  resume(): void
  /** ends it at once, as a crash does; `restart` brings it back */
  kill(): Promise<void>
}

export interface RunningPostgres extends Running {
  /** URL of a database that nobody else has */
  database(): Promise<string>
}

let redis: Promise<Running> | undefined
let postgres: Promise<RunningPostgres> | undefined

/** One Redis per test process, started when it is first asked for; undefined where none is installed. */
export async function redisForTests(): Promise<Running | undefined> {
  const binary = find('redis-server')
  if (binary === undefined) return undefined
  redis ??= startRedis(binary, () => {
    redis = undefined
  })
  return redis
}

/** One Postgres per test process, started when it is first asked for; undefined where none is installed. */
export async function postgresForTests(): Promise<RunningPostgres | undefined> {
  const initdb = find('initdb')
  const server = find('postgres')
  if (initdb === undefined || server === undefined) return undefined
  postgres ??= startPostgres({ initdb, server }, () => {
    postgres = undefined
  })
  return postgres
}

async function startRedis(binary: string, forget: () => void): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  const url = `redis://127.0.0.1:${port}`
  const ready = () => answers(port, 'PING\r\n', '+PONG')
  return keep({ name: 'redis-server', url, folder, command: [binary, ...args], gentle: 'SIGTERM', ready, forget })
}

async function startPostgres(
  { initdb, server }: { readonly initdb: string; readonly server: string },
  forget: () => void,
): Promise<RunningPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-postgres-'))
  const owner = ownerOf()
  if (owner) chownSync(folder, owner.uid, owner.gid)
  const cluster = join(folder, 'cluster')
  const made = spawnSync(initdb, ['-D', cluster, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'], {
    ...owner,
    cwd: folder,
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    fsync: 'off',
    max_connections: '200',
  }
  const command = [server, '-D', cluster, '-p', String(port)]
  for (const [name, value] of Object.entries({ ...settings, full_page_writes: 'off' }))
    command.push('-c', `${name}=${value}`)
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const ready = () =>
    ask(url, 'select 1').then(
      () => true,
      () => false,
    )
  const running = await keep({ name: 'postgres', url, folder, command, gentle: 'SIGINT', ready, forget, owner })
  let databases = 0
  return {
    ...running,
    async database() {
      const name = `test_${process.pid}_${++databases}`
      await ask(url, `create database ${name}`)
      return url.replace(/postgres$/, name)
    },
  }
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

interface Kept {
  readonly name: string
  readonly url: string
  readonly folder: string
  readonly command: readonly string[]
  /** asks it to end, without waiting for its clients */
  readonly gentle: 'SIGTERM' | 'SIGINT'
  readonly ready: () => Promise<boolean>
  readonly forget: () => void
  readonly owner?: Owner | undefined
}

async function keep(kept: Kept): Promise<Running> {
  let life = await begin(kept)
  async function end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<void> {
    if (life.child.exitCode !== null || life.child.signalCode !== null) return
    if (signal !== 'SIGKILL') freeze(life.child, 'SIGCONT')
    for (const pid of signal === 'SIGKILL' ? family(life.child) : [life.child.pid]) send(pid, signal)
    await life.gone
  }
  return {
    url: kept.url,
    async stop() {
      kept.forget()
      await end(kept.gentle)
      life.leash.stdin?.end()
      rmSync(kept.folder, { recursive: true, force: true })
    },
    async restart() {
      await end(kept.gentle)
      life.leash.kill('SIGKILL')
      life = await begin(kept)
    },
    pause: () => freeze(life.child, 'SIGSTOP'),
    resume: () => freeze(life.child, 'SIGCONT'),
    kill: () => end('SIGKILL'),
  }
}

interface Life {
  readonly child: ChildProcess
  readonly leash: ChildProcess
  readonly gone: Promise<void>
}

async function begin({ name, command, folder, owner, ready }: Kept): Promise<Life> {
  const [program = '', ...args] = command
  const said = openSync(join(folder, 'output.log'), 'a')
  const child = spawn(program, args, { ...owner, cwd: folder, detached: true, stdio: ['ignore', said, said] })
  closeSync(said)
  child.unref()
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const leash = tie(child, folder)
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null || child.signalCode !== null) break
    if (await ready()) return { child, leash, gone }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${name} did not start: ${readFileSync(join(folder, 'output.log'), 'utf8').slice(-2000)}`)
}

/**
 * Ends the server and removes its files when this process is gone, however it went: a test run that is killed runs no code of
 * ours, but its end of the pipe closes.
 */
function tie(child: ChildProcess, folder: string): ChildProcess {
  const script = `
    while read -r line; do :; done
    kill -QUIT "$1"; kill -CONT "$1"
    for i in 1 2 3 4 5 6 7 8; do kill -0 "$1" || break; sleep 1; done
    kill -KILL "$1"
    rm -rf "$2"`
  const leash = spawn('sh', ['-c', script, 'leash', String(child.pid), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  leash.unref()
  return leash
}

function freeze(child: ChildProcess, signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of family(child)) send(pid, signal)
}

/** The server and its children: those of Postgres lead process groups of their own, so that a group would miss them. */
function family(child: ChildProcess): readonly number[] {
  if (child.pid === undefined) return []
  const parent = String(child.pid)
  const processes = existsSync('/proc') ? readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)) : []
  return [child.pid, ...processes.filter((pid) => parentOf(pid) === parent).map(Number)]
}

function parentOf(pid: string): string | undefined {
  try {
    return /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

function send(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, signal)
  } catch {
    // it is gone already
  }
}

function find(binary: string): string | undefined {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin', ...postgresPlaces()]
  return places.map((place) => join(place, binary)).find((file) => existsSync(file))
}

/** Debian keeps a server's binaries out of the PATH, by version; the newest first. */
function postgresPlaces(): readonly string[] {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return []
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(root, version, 'bin'))
}

/** Whom the files belong to: Postgres refuses to run as root. */
function ownerOf(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const entry = lines.find((line) => line.startsWith('postgres:')) ?? lines.find((line) => line.startsWith('nobody:'))
  const [, , uid, gid] = entry?.split(':') ?? []
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

/** Below the ports that the system gives to outgoing connections, so that none of those takes it while the server is down. */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
  throw new Error('no free port between 20000 and 32000')
}

function answers(port: number, question: string, expected: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(question))
    const done = (result: boolean) => {
      socket.destroy()
      resolve(result)
    }
    socket.setTimeout(1000, () => done(false))
    socket.on('data', (bytes) => done(String(bytes).startsWith(expected)))
    socket.on('error', () => done(false))
  })
}

async function ask(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
