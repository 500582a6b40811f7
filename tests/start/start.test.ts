import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fakeProvider } from 'turnpike-core/internal/testing/fake-provider'
import { chat } from '../laws/doors.ts'
import { lane, runTurnpike, type Started, scratch, turnpike } from './gateway-process.ts'

setDefaultTimeout(30_000)

const strong = 'sk-9f8e7d6c5b4a39281706f5e4d3c2b1a0'
const running: Started[] = []
const folders: ReturnType<typeof scratch>[] = []
const fake = fakeProvider()
const upstream = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 0, fetch: (request) => fake.handle(request) })
const place = `http://127.0.0.1:${upstream.port}`

afterAll(async () => {
  await Promise.all(running.map((one) => one.stop()))
  await upstream.stop(true)
  for (const folder of folders) folder.remove()
})

function home() {
  const folder = scratch()
  folders.push(folder)
  return folder
}

/** Starts the gateway in a fresh folder and waits until it says where it listens. */
async function begin(args: readonly string[], env: Record<string, string> = {}, cwd = home().path) {
  const leave = await lane()
  const begun = performance.now()
  const gateway = turnpike(['--port', '0', ...args], { cwd, env })
  running.push(gateway)
  const url = (await gateway.url.finally(leave)).replace('localhost', '127.0.0.1')
  const ask = (path: string, key: string, body?: object) =>
    fetch(url + path, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
  return { gateway, url, ask, cwd, begun }
}

const port = (url: string): string => new URL(url).port
const outside = Object.values(networkInterfaces())
  .flat()
  .find((net) => net?.family === 'IPv4' && !net.internal)?.address

/** Whether something answers on the machine's own network address. */
async function isOpenToTheNetwork(url: string): Promise<boolean | undefined> {
  if (outside === undefined) return undefined
  return fetch(`http://${outside}:${port(url)}/health/liveliness`, { signal: AbortSignal.timeout(1000) }).then(
    () => true,
    () => false,
  )
}

describe('without a file and without a key', () => {
  test('it echoes, says what it looks for, and keeps its key for its owner alone', async () => {
    const { gateway, url, ask, cwd, begun } = await begin([])
    const file = join(cwd, '.turnpike', 'master-key')
    expect(existsSync(file)).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(cwd, '.turnpike')).mode & 0o077).toBe(0)
    const key = readFileSync(file, 'utf8').trim()
    const answer = await ask('/v1/chat/completions', key, chat.body('turnpike/echo', 'Hello there', false))
    const ms = performance.now() - begun
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'Echo: Hello there' } }] })
    console.log(`from start to the first answer: ${ms.toFixed(0)} ms`)
    expect(ms).toBeLessThan(3000)
    for (const word of ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GEMINI_API_KEY', file.slice(cwd.length + 1), 'curl'])
      expect(gateway.said()).toContain(word)
    expect(gateway.said()).not.toContain(key)
    expect(gateway.said()).not.toContain('BUN_CONFIG_MAX_HTTP_REQUESTS')
    expect(url).toContain('127.0.0.1')
    expect(await isOpenToTheNetwork(url)).not.toBe(true)

    await Bun.sleep(300)
    const rss = residentMegabytes(gateway.pid)
    console.log(`resident memory at rest: ${rss.toFixed(0)} MB`)
    expect(rss).toBeLessThan(120)
    expect(rss).toBeGreaterThan(10)
  })

  test.concurrent('the key that it made outlives a restart', async () => {
    const { gateway, cwd } = await begin([])
    const key = readFileSync(join(cwd, '.turnpike', 'master-key'), 'utf8').trim()
    gateway.signal('SIGTERM')
    expect(await gateway.exited).toBe(0)
    const { ask } = await begin([], {}, cwd)
    expect((await ask('/key/list', key)).status).toBe(200)
  })

  test.concurrent('a key of a provider in the environment puts its models on offer', async () => {
    const { ask, gateway } = await begin([], {
      TURNPIKE_MASTER_KEY: strong,
      OPENAI_API_KEY: 'sk-from-the-environment-5511',
    })
    const { data } = (await (await ask('/v1/models', strong)).json()) as { data: { id: string }[] }
    const ids = data.map(({ id }) => id)
    expect(ids).toContain('gpt-4o')
    expect(ids.some((id) => id.startsWith('claude'))).toBe(false)
    expect(gateway.said()).not.toContain('sk-from-the-environment')
    expect(gateway.said()).not.toContain(strong)
  })
})

/** Memory of the process and of what it started: on Node 20 the launcher waits beside Bun. */
function residentMegabytes(launcher: number): number {
  const children = readFileSync(`/proc/${launcher}/task/${launcher}/children`, 'utf8').trim()
  const pid = children === '' ? launcher : Number(children.split(' ')[0])
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

describe('where it listens', () => {
  test.concurrent('with a strong key: to the network', async () => {
    const { gateway, url } = await begin([], { TURNPIKE_MASTER_KEY: strong })
    expect(gateway.said()).toContain('0.0.0.0')
    expect(await isOpenToTheNetwork(url)).not.toBe(false)
  })

  test.concurrent('with a weak one: to this machine, with a warning, whatever --host says', async () => {
    for (const args of [[], ['--host', '0.0.0.0']]) {
      const { gateway, url } = await begin(args, { LITELLM_MASTER_KEY: 'sk-1234' })
      expect(gateway.said()).toMatch(/warning: .*weak/)
      expect(gateway.said()).toContain('127.0.0.1')
      expect(await isOpenToTheNetwork(url)).not.toBe(true)
    }
  })

  test.concurrent('with a weak one and --insecure: to the network, with a warning', async () => {
    const { gateway, url } = await begin(['--insecure'], { LITELLM_MASTER_KEY: 'sk-1234' })
    expect(gateway.said()).toContain('0.0.0.0')
    expect(await isOpenToTheNetwork(url)).not.toBe(false)
  })

  test.concurrent('TURNPIKE_MASTER_KEY counts before LITELLM_MASTER_KEY', async () => {
    const { ask } = await begin([], { TURNPIKE_MASTER_KEY: strong, LITELLM_MASTER_KEY: 'sk-another-strong-key-abcdef' })
    expect((await ask('/key/list', strong)).status).toBe(200)
    expect((await ask('/key/list', 'sk-another-strong-key-abcdef')).status).toBe(401)
  })

  test.concurrent('a port that is taken ends it with the reason and 1', async () => {
    const { code, said } = await runTurnpike(['--port', String(upstream.port), '--host', '127.0.0.1'], {
      cwd: home().path,
      env: { TURNPIKE_MASTER_KEY: strong },
    })
    expect(said).toMatch(/in use|EADDRINUSE/)
    expect(said).not.toMatch(/\bat .*:\d+:\d+/)
    expect(code).toBe(1)
  })
})

describe('what it refuses to start with', () => {
  test.concurrent.each([
    [
      'a database that cannot be reached',
      [],
      { DATABASE_URL: 'postgresql://user:topsecret@127.0.0.1:9/x' },
      /database cannot be asked/,
    ],
    ['more than one process', ['--num_workers', '2'], {}, /num_workers.*Redis/],
    ['a file that is not there', ['--config', 'nowhere.yaml'], {}, /nowhere\.yaml.*no such file/],
  ] as const)('%s', async (_, args, env, expected) => {
    const { code, said } = await runTurnpike(['--port', '0', ...args], {
      cwd: home().path,
      env: { TURNPIKE_MASTER_KEY: strong, ...env },
    })
    expect(said).toMatch(expected)
    expect(said).not.toContain('topsecret')
    expect(code).toBe(1)
  })
})

describe('what it keeps', () => {
  test.concurrent('keys, what they may and what they spent outlive a restart, in the file that DATABASE_URL names', async () => {
    const folder = home()
    const database = join(folder.path, 'deep', 'er', 'own.db')
    const config = folder.write(
      'config.yaml',
      JSON.stringify({
        model_list: [
          {
            model_name: 'm',
            litellm_params: { model: 'openai/count:7', api_base: `${place}/v1`, api_key: 'sk-x' },
            model_info: { input_cost_per_token: 0.001, output_cost_per_token: 0.002 },
          },
        ],
      }),
    )
    const env = { TURNPIKE_MASTER_KEY: strong, DATABASE_URL: `sqlite:${database}` }
    const first = await begin(['--config', config], env, folder.path)
    const { key } = (await (
      await first.ask('/key/generate', strong, {
        models: ['m'],
        max_budget: 5,
        budget_duration: '30d',
        key_alias: 'kept',
      })
    ).json()) as { key: string }
    expect((await first.ask('/v1/chat/completions', key, chat.body('m', 'Hello there', false))).status).toBe(200)
    const infoOf = async (at: typeof first) =>
      ((await (await at.ask('/key/info', key)).json()) as { info: { spend: number; key_alias: string } }).info
    const before = await infoOf(first)
    expect(before.spend).toBeGreaterThan(0)
    first.gateway.signal('SIGTERM')
    expect(await first.gateway.exited).toBe(0)
    expect(existsSync(database)).toBe(true)
    expect(statSync(database).mode & 0o077).toBe(0)

    const second = await begin(['--config', config], env, folder.path)
    expect(await infoOf(second)).toMatchObject({ spend: before.spend, key_alias: 'kept' })
    expect((await second.ask('/v1/chat/completions', key, chat.body('m', 'Hello again', false))).status).toBe(200)
    expect((await second.ask('/v1/chat/completions', key, chat.body('turnpike/echo', 'x', false))).status).not.toBe(200)
    expect(existsSync(join(folder.path, '.turnpike'))).toBe(false)
  })

  test.concurrent('what was booked a moment before a kill -9 is there after it, but for the last instant', async () => {
    const folder = home()
    const env = { TURNPIKE_MASTER_KEY: strong, DATABASE_URL: `sqlite:${join(folder.path, 'own.db')}` }
    const first = await begin([], env, folder.path)
    const { key } = (await (await first.ask('/key/generate', strong, {})).json()) as { key: string }
    for (let at = 0; at < 5; at++) await first.ask('/v1/chat/completions', key, chat.body('turnpike/echo', 'x', false))
    await Bun.sleep(400)
    await first.gateway.stop()
    const second = await begin([], env, folder.path)
    const rows = (await (await second.ask('/spend/logs', strong)).json()) as unknown[]
    expect(rows.length).toBe(5)
  })
})

describe('how it leaves', () => {
  test.concurrent.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s it finishes the stream that is running, books it, takes nothing new, and ends with 0',
    async (signal) => {
      const folder = home()
      const config = folder.write(
        'config.yaml',
        JSON.stringify({
          model_list: [
            {
              model_name: 'm',
              litellm_params: { model: 'openai/count:40+slow-chunks:25', api_base: `${place}/v1`, api_key: 'sk-x' },
              model_info: { input_cost_per_token: 0, output_cost_per_token: 0.001 },
            },
          ],
        }),
      )
      const env = { TURNPIKE_MASTER_KEY: strong, DATABASE_URL: `sqlite:${join(folder.path, 'own.db')}` }
      const { gateway, ask } = await begin(['--config', config], env, folder.path)
      const response = await ask('/v1/chat/completions', strong, chat.body('m', 'Hello', true))
      gateway.signal(signal)
      await Bun.sleep(150)
      const late = await ask('/v1/models', strong).then(
        ({ status }) => status,
        () => 0,
      )
      expect([0, 503]).toContain(late)
      const text = await response.text()
      expect(chat.complete(text)).toBe(true)
      expect(chat.words(text).trim().split(' ').length).toBe(40)
      expect(await gateway.exited).toBe(0)
      const next = await begin(['--config', config], env, folder.path)
      const rows = (await (await next.ask('/spend/logs', strong)).json()) as {
        spend: number
        completion_tokens: number
      }[]
      expect(rows.map(({ spend, completion_tokens }) => [spend, completion_tokens])).toEqual([[0.04, 40]])
    },
    15_000,
  )

  test.concurrent('when the grace is over it cuts what is left, books it, and still ends', async () => {
    const folder = home()
    const config = folder.write(
      'config.yaml',
      JSON.stringify({
        model_list: [
          {
            model_name: 'm',
            litellm_params: { model: 'openai/count:5000+slow-chunks:25', api_base: `${place}/v1`, api_key: 'sk-x' },
          },
        ],
      }),
    )
    const env = {
      TURNPIKE_MASTER_KEY: strong,
      GRACEFUL_SHUTDOWN_TIMEOUT: '0.5',
      DATABASE_URL: `sqlite:${join(folder.path, 'own.db')}`,
    }
    const { gateway, ask } = await begin(['--config', config], env, folder.path)
    const response = await ask('/v1/chat/completions', strong, chat.body('m', 'Hello', true))
    const read = response.text().catch(() => 'cut')
    const begun = performance.now()
    gateway.signal('SIGTERM')
    expect(await gateway.exited).toBe(0)
    expect(performance.now() - begun).toBeLessThan(2500)
    await read
    const next = await begin(['--config', config], env, folder.path)
    const rows = (await (await next.ask('/spend/logs', strong)).json()) as { status: string }[]
    expect(rows.length).toBe(1)
  })
})

test.concurrent('with a store that takes nothing any more it serves on, says so, and keeps the money on disk for the next start', async () => {
  const folder = home()
  const database = join(folder.path, 'own.db')
  const env = { TURNPIKE_MASTER_KEY: strong, DATABASE_URL: `sqlite:${database}` }
  const { gateway, ask } = await begin([], env, folder.path)
  const rename = (from: string, to: string): void => {
    const hand = new DatabaseSync(database)
    hand.exec(`ALTER TABLE ${from} RENAME TO ${to}`)
    hand.close()
  }
  rename('ledger', 'gone')
  for (let at = 0; at < 3; at++)
    expect((await ask('/v1/chat/completions', strong, chat.body('turnpike/echo', 'x', false))).status).toBe(200)
  await Bun.sleep(200)
  expect(gateway.said()).toContain('the ledger could not write to the store and will try again')
  gateway.signal('SIGTERM')
  expect(await gateway.exited).toBe(0)
  expect(gateway.said()).toMatch(/3 (ledger )?rows/)
  expect(gateway.said()).not.toMatch(/\bat .*:\d+:\d+/)
  rename('gone', 'ledger')
  const next = await begin([], env, folder.path)
  const rows = (await (await next.ask('/spend/logs', strong)).json()) as unknown[]
  expect(rows.length).toBe(3)
})

test.concurrent('a config.yaml as LiteLLM’s users have it starts', async () => {
  const folder = home()
  folder.write(
    'models.yaml',
    'model_list:\n  - model_name: included\n    litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/MY_KEY}\n',
  )
  const config = folder.write(
    'config.yaml',
    `include: [models.yaml]
environment_variables: {OPENAI_API_KEY: os.environ/MY_KEY}
model_list:
  - model_name: gpt-4o
    litellm_params: {model: azure/gpt-4o-eu, api_base: https://x.openai.azure.com, api_key: os.environ/AZ, api_version: "2024-10-21", rpm: 600, weight: 2, tags: [default]}
    model_info: {id: az-eu, base_model: azure/gpt-4o, access_groups: [prod]}
  - model_name: "anthropic/*"
    litellm_params: {model: "anthropic/*", api_key: os.environ/ANTHROPIC_API_KEY}
litellm_settings: {drop_params: true, callbacks: [prometheus], cache: true, cache_params: {type: redis, ttl: 600}}
router_settings: {routing_strategy: simple-shuffle, num_retries: 2, fallbacks: [{gpt-4o: ["anthropic/claude-sonnet-4-5"]}]}
general_settings: {master_key: sk-1234, database_url: os.environ/DATABASE_URL, store_model_in_db: true}
`,
  )
  const env = {
    MY_KEY: 'sk-mine-12345678',
    AZ: 'az-key-12345678',
    ANTHROPIC_API_KEY: 'sk-ant-12345678',
    DATABASE_URL: `sqlite:${folder.path}/l.db`,
  }
  const { gateway, ask } = await begin(['--config', config], env, folder.path)
  const { data } = (await (await ask('/v1/models', 'sk-1234')).json()) as { data: { id: string }[] }
  const ids = data.map(({ id }) => id)
  expect(ids).toContain('gpt-4o')
  expect(ids).toContain('included')
  for (const inert of ['callbacks', 'cache', 'store_model_in_db'])
    expect(gateway.said()).toMatch(new RegExp(`warning: .*\`${inert}\``))
  for (const secret of ['sk-mine', 'az-key', 'sk-ant']) expect(gateway.said()).not.toContain(secret)
})
