import { dirname } from 'node:path'
import type { Database, General } from '../config.ts'
import type { Redis } from '../governance.ts'
import type { Section } from '../section.ts'
import type { Sections } from './sections.ts'

type Places = Pick<General, 'database' | 'databasePath' | 'home'>

const file = 'turnpike.db'

/** Where the store is, and which folder is this process's own: that of its SQLite file, or `TURNPIKE_HOME`. */
export function readPlaces(sections: Pick<Sections, 'general' | 'environment'>): Places {
  const home = sections.environment.text('TURNPIKE_HOME') ?? '.turnpike'
  const database = readDatabase(sections, `${home}/${file}`)
  if (database.kind === 'postgres') return { database, databasePath: `${home}/${file}`, home }
  const { path } = database
  return { database, databasePath: path, home: path === ':memory:' ? home : dirname(path) }
}

function readDatabase(
  { general, environment }: Pick<Sections, 'general' | 'environment'>,
  otherwise: string,
): Database {
  const own = general.text('database_url')
  const [section, key] = own === undefined || own === '' ? [environment, 'DATABASE_URL'] : [general, 'database_url']
  const url = section.text(key) ?? hostUrl(environment)
  if (url === undefined || url === '') return { kind: 'sqlite', path: otherwise }
  if (url.startsWith('sqlite:')) return { kind: 'sqlite', path: url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '') }
  const postgres = /^postgres(?:ql)?:\/\//.test(url)
  if (postgres && URL.canParse(url)) return readPostgres(url, general)
  section.complain(
    key,
    postgres
      ? 'is no URL: write special characters of the user name and the password as %40 and the like'
      : `names a \`${url.split(':')[0]}\` database; the store is kept in postgresql://USER:PASSWORD@HOST/NAME or sqlite:PATH`,
  )
  return { kind: 'sqlite', path: otherwise }
}

/** A URL out of `DATABASE_HOST` and its like. */
function hostUrl(environment: Section): string | undefined {
  const host = environment.text('DATABASE_HOST')
  if (host === undefined) return undefined
  const user = environment.text('DATABASE_USERNAME') ?? environment.text('DATABASE_USER')
  const name = environment.text('DATABASE_NAME')
  if (user === undefined || name === undefined)
    return environment.complain('DATABASE_HOST', 'needs `DATABASE_USERNAME` and `DATABASE_NAME` beside it')
  const port = environment.whole('DATABASE_PORT', 1)
  const schema = environment.text('DATABASE_SCHEMA')
  const place = host.includes(':') || port === undefined ? host : `${host}:${port}`
  const query = schema === undefined ? '' : `?schema=${encodeURIComponent(schema)}`
  return `postgresql://${login(user, environment.text('DATABASE_PASSWORD'))}${place}/${encodeURIComponent(name)}${query}`
}

/** What Prisma reads from a URL and no other client knows (https://www.prisma.io/docs/orm/overview/databases/postgresql). */
const prismaParameters = [
  'schema',
  'connection_limit',
  'pool_timeout',
  'connect_timeout',
  'socket_timeout',
  'pgbouncer',
  'statement_cache_size',
]

function readPostgres(given: string, general: Section): Database {
  const url = new URL(given)
  const query = url.searchParams
  const number = (name: string) => (Number(query.get(name)) > 0 ? Number(query.get(name)) : undefined)
  const [schema, limit, seconds] = [query.get('schema'), number('connection_limit'), number('pool_timeout')]
  const foreign = prismaParameters.filter((name) => query.has(name))
  for (const name of foreign) query.delete(name)
  return {
    kind: 'postgres',
    url: foreign.length === 0 ? given : url.href,
    ...(schema !== null && { schema }),
    poolSize: general.whole('database_connection_pool_limit', 1) ?? limit ?? 10,
    connectMs: (general.number('database_connection_timeout') ?? seconds ?? 10) * 1000,
  }
}

function login(user: string | undefined, password: string | undefined): string {
  if (user === undefined && password === undefined) return ''
  return `${encodeURIComponent(user ?? '')}${password === undefined ? '' : `:${encodeURIComponent(password)}`}@`
}

/** Where Redis is: what the file says of the router, else the environment, else what it says of the cache. */
export function readRedis(sections: Sections): Redis | undefined {
  const { router, litellm, environment } = sections
  const params = litellm.inner('cache_params')
  const cache = params?.raw('type') === 'redis' ? params : undefined
  const url =
    redisUrl(router, (name) => `redis_${name}`, environment) ??
    redisUrl(environment, (name) => `REDIS_${name.toUpperCase()}`, environment) ??
    (cache && redisUrl(cache, (name) => name, environment))
  const namespace = cache?.text('namespace') ?? environment.text('REDIS_NAMESPACE') ?? 'turnpike'
  if (url !== undefined) return { url, namespace }
  for (const name of ['REDIS_CLUSTER_NODES', 'REDIS_SENTINEL_NODES'])
    if (environment.keys.includes(name))
      environment.complain(name, 'is not supported in this version: name one server with `REDIS_URL`, or unset it')
  return undefined
}

/** The URL that a section gives, whole or in parts; parts that it leaves out are the environment's. */
function redisUrl(section: Section, named: (part: string) => string, environment: Section): string | undefined {
  const key = named('url')
  const url = section.text(key)
  if (url !== undefined && url !== '')
    return /^rediss?:\/\//.test(url) && URL.canParse(url)
      ? url
      : section.complain(key, 'must be a URL such as redis://HOST:6379 or rediss://USER:PASSWORD@HOST:6380/0')
  const host = section.text(named('host'))
  if (host === undefined || host === '') return undefined
  const text = (part: string) => section.text(named(part)) ?? environment.text(`REDIS_${part.toUpperCase()}`)
  const port = section.whole(named('port'), 1) ?? environment.whole('REDIS_PORT', 1) ?? 6379
  const db = section.whole(named('db')) ?? environment.whole('REDIS_DB')
  const ssl = section.flag(named('ssl')) ?? environment.flag('REDIS_SSL') ?? false
  const user = login(text('username'), text('password'))
  return `redis${ssl ? 's' : ''}://${user}${host}:${port}${db === undefined ? '' : `/${db}`}`
}
