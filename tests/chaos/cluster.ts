import { join } from 'node:path'
import { Client } from 'pg'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type FakeProvider, fakeProvider } from 'turnpike-core/internal/testing/fake-provider'
import { openPostgres } from '../../gateway/src/store/postgres.ts'
import { openSqlite } from '../../gateway/src/store/sqlite.ts'
import type { Store } from '../../gateway/src/store/store.ts'
import { postgresForTests, type Running, type RunningPostgres, redisForTests } from '../services.ts'
import { type Scratch, type Started, scratch, turnpike } from '../start/gateway-process.ts'

/** One gateway process with a home of its own. */
export interface Replica {
  readonly home: string
  url(): string
  /** what its present process said */
  said(): string
  /** ends it at once, as a crash does */
  kill(): Promise<void>
  /** asks it to leave; its exit code */
  terminate(): Promise<number>
  /** another process in the same home, after the end of this one */
  restart(): Promise<void>
}

export interface ClusterOptions {
  readonly replicas: number
  /** undefined: all in one SQLite file, and no Redis */
  readonly postgres?: RunningPostgres | undefined
  readonly redis?: Running | undefined
  readonly litellm?: JsonObject
  readonly general?: JsonObject
  readonly router?: JsonObject
  /** further groups, of deployments that behave as their names say, in the order in which they are asked */
  readonly groups?: Readonly<Record<string, readonly string[]>>
}

/** Several gateways before one fake provider. */
export interface Cluster {
  readonly replicas: readonly Replica[]
  readonly provider: FakeProvider
  /** URL of the database of all of them, undefined where it is SQLite */
  readonly database: string | undefined
  readonly folder: Scratch
  /** makes a virtual key by `POST /key/generate` on the first replica */
  key(fields?: JsonObject): Promise<string>
  /** a management call by the master key */
  manage(replica: Replica, path: string, body: JsonObject): Promise<Response>
  /** reads the store, beside the gateways */
  store(): Promise<Store>
  close(): Promise<void>
}

export const master = 'sk-master-key-of-a-cluster-8c1f77'

/** Two real servers, or why there are none. */
export const postgres = await postgresForTests()
export const redis = await redisForTests()
export const onBoth =
  postgres && redis ? 'on Postgres and Redis' : `skipped: this machine has no ${postgres ? 'redis-server' : 'Postgres'}`

let clusters = 0

/** A word costs a fifth of a cent and a question nothing: fifty words are ten cents. */
const dear = { input_cost_per_token: 0, output_cost_per_token: 0.002 }
/** Groups are named by how their provider behaves. */
export const behaviours = {
  quick: 'count:50',
  slow: 'count:50+slow-first-byte:200',
  failing: 'status-500+slow-first-byte:100',
  endless: 'count:2000+slow-chunks:25',
  long: 'count:40+slow-chunks:25',
} as const
export type Group = keyof typeof behaviours

export async function cluster(options: ClusterOptions): Promise<Cluster> {
  const fake = fakeProvider()
  const upstream = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: (request) => fake.handle(request),
  })
  const folder = scratch()
  const number = ++clusters
  const database = options.postgres && (await prepared(await options.postgres.database()))
  const config = folder.write('config.yaml', JSON.stringify(configOf(`http://127.0.0.1:${upstream.port}/v1`, options)))
  const replicas: (Replica & { end(): Promise<void> })[] = []
  for (let at = 0; at < options.replicas; at++) {
    const home = join(folder.path, database === undefined ? 'home' : `home-${at}`)
    const env = {
      TURNPIKE_HOME: home,
      ...(database !== undefined && { DATABASE_URL: database }),
      ...(options.redis && { REDIS_URL: options.redis.url, REDIS_NAMESPACE: `chaos-${process.pid}-${number}` }),
    }
    replicas.push(await replica(home, () => turnpike(argsOf(config), { cwd: folder.path, env })))
  }
  const manage = (at: Replica, path: string, body: JsonObject) =>
    fetch(at.url() + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${master}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    })
  let store: Promise<Store> | undefined
  return {
    replicas,
    provider: fake,
    database,
    folder,
    manage,
    async key(fields = {}) {
      const response = await manage(replicas[0] as Replica, '/key/generate', fields)
      const { key } = (await response.json()) as { key?: string }
      if (key === undefined) throw new Error(`no key: ${response.status}`)
      return key
    },
    store: () =>
      (store ??= database === undefined ? openSqlite(join(folder.path, 'home/turnpike.db')) : openPostgres(database)),
    async close() {
      await Promise.all(replicas.map(({ end }) => end()))
      await (await store)?.close()
      await upstream.stop(true)
      folder.remove()
    },
  }
}

/** The server of the tests forgets its last commits when it is killed, as none does that money is kept in: this database does not. And it finds deadlocks sooner. */
async function prepared(url: string): Promise<string> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const name = new URL(url).pathname.slice(1)
  await client.query(`alter database ${name} set synchronous_commit = on`)
  await client.query(`alter database ${name} set deadlock_timeout = '100ms'`)
  await client.end()
  return url
}

const argsOf = (config: string) => ['--config', config, '--host', '127.0.0.1', '--port', '0']

function configOf(provider: string, { litellm, general, router, groups = {} }: ClusterOptions): JsonObject {
  const entry = (group: string, behaviour: string, order?: number) => ({
    model_name: group,
    litellm_params: {
      model: `openai/${behaviour}`,
      api_base: provider,
      api_key: 'sk-key-that-the-provider-knows',
      ...(order !== undefined && { order }),
    },
    model_info: dear,
  })
  return {
    model_list: [
      ...Object.entries(behaviours).map(([group, behaviour]) => entry(group, behaviour)),
      ...Object.entries(groups).flatMap(([group, list]) => list.map((one, at) => entry(group, one, at + 1))),
    ],
    router_settings: { num_retries: 0, disable_cooldowns: true, ...router },
    litellm_settings: { ...litellm },
    general_settings: { master_key: master, ...general },
  }
}

async function replica(home: string, start: () => Started): Promise<Replica & { end(): Promise<void> }> {
  let process = start()
  let url = await process.url
  return {
    home,
    url: () => url,
    said: () => process.said(),
    kill: () => process.stop(),
    async terminate() {
      process.signal('SIGTERM')
      return process.exited
    },
    async restart() {
      await process.stop()
      process = start()
      url = await process.url
    },
    end: () => process.stop(),
  }
}
