import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { Client } from 'pg'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Config } from '../config/config.ts'
import { takeLock } from '../journal/disk/lock.ts'
import { storeFault } from '../store/connections/postgres-faults.ts'
import { postgresUrl } from '../store/connections/postgres-url.ts'

/** That no other gateway serves over the same database, as long as it is not released. */
export interface Alone {
  release(): Promise<void>
}

export interface AlonePorts {
  readonly config: Pick<Config, 'general' | 'governance'>
  readonly log: (line: string) => void
  /** how long a predecessor that is still leaving is waited for */
  readonly patienceMs?: number
}

const free: Alone = { release: async () => {} }
const againMs = 250

/**
 * Makes sure that this gateway is the only one over its database, unless Redis lets several agree: each would hold callers to limits and
 * budgets of its own. Throws `misconfigured` where another one is there.
 */
export async function stayAlone({ config, log, patienceMs = 3000 }: AlonePorts): Promise<Alone> {
  const { database } = config.general
  if (config.governance.redis || (database.kind === 'sqlite' && database.path === ':memory:')) return free
  const take = database.kind === 'sqlite' ? () => takeFile(database.path) : () => takeDatabase(database.url, log)
  for (let waited = 0; ; waited += againMs) {
    const taken = await take()
    if (taken) return taken
    if (waited >= patienceMs) throw notAlone()
    await new Promise((resolve) => setTimeout(resolve, againMs))
  }
}

function notAlone(): GatewayError {
  return new GatewayError(
    'misconfigured',
    'Another gateway serves over this database, and without Redis the two could not agree on limits and budgets: set REDIS_URL for both, or stop the other one.',
  )
}

/** The lock stands beside the file: whoever keeps a database there keeps its journal there too. */
function takeFile(path: string): Alone | undefined {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = takeLock(folder)
  return lock && { release: async () => lock.release() }
}

/** Two gateways may stand in two schemas of one database. */
const takeSql = `select pg_try_advisory_lock(hashtext('turnpike'), hashtext(coalesce(current_schema(), ''))) as mine`

/** A server that lost us without a word lets go within half a minute; and it does not end a session that only holds on. */
const holdSql = `select set_config(name, wanted, false) from pg_settings join
  (values ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '4'), ('idle_session_timeout', '0'))
  as wishes(of, wanted) on name = of`

const deadlineMs = 5000
const backMs = 2000

/** Holds the lock of a session, which the server ends with it; after a lost connection it is taken again. */
async function takeDatabase(url: string, log: (line: string) => void): Promise<Alone | undefined> {
  let held: Client | undefined
  let released = false
  let told = false
  let timer: ReturnType<typeof setTimeout> | undefined

  async function hold(): Promise<boolean> {
    const client = clientOf(url)
    try {
      await client.connect()
      const { rows } = await client.query<{ mine: boolean }>(takeSql)
      if (released || rows[0]?.mine !== true) {
        await client.end()
        return false
      }
      await client.query(holdSql)
    } catch (thrown) {
      client.end().catch(() => {})
      throw storeFault(thrown)
    }
    held = client
    client.once('end', lost)
    return true
  }

  function lost(): void {
    held = undefined
    if (released) return
    timer = setTimeout(() => void again(), backMs)
    timer.unref()
  }

  async function again(): Promise<void> {
    const mine = await hold().catch(() => undefined)
    if (mine === true) told = false
    else lost()
    if (mine !== false || told || released) return
    told = true
    log(`error: ${notAlone().message}`)
  }

  if (!(await hold())) return undefined
  return {
    async release() {
      released = true
      clearTimeout(timer)
      const ended = held?.end().catch(() => {})
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1000).unref())])
    },
  }
}

function clientOf(url: string): Client {
  const client = new Client({
    connectionString: postgresUrl(url),
    connectionTimeoutMillis: deadlineMs,
    query_timeout: deadlineMs,
    keepAlive: true,
    application_name: 'turnpike (alone)',
  })
  client.on('error', () => {})
  return client
}
