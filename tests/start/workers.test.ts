import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fakeProvider } from 'turnpike-core/internal/testing/fake-provider'
import { chat } from '../laws/doors.ts'
import { redisForTests } from '../services.ts'
import { lane, type Started, scratch, turnpike } from './gateway-process.ts'

setDefaultTimeout(60_000)

const strong = 'sk-9f8e7d6c5b4a39281706f5e4d3c2b1a0'
const redis = await redisForTests()
const running: Started[] = []
const folders: ReturnType<typeof scratch>[] = []
const fake = fakeProvider()
const upstream = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 0, fetch: (request) => fake.handle(request) })

afterAll(async () => {
  await Promise.all(running.map((one) => one.stop()))
  await upstream.stop(true)
  for (const folder of folders) folder.remove()
  await redis?.stop()
})

let count = 0

/** Two workers behind one port, over one SQLite file. */
async function two() {
  const folder = scratch()
  folders.push(folder)
  const config = folder.write(
    'config.yaml',
    JSON.stringify({
      model_list: [
        {
          model_name: 'm',
          litellm_params: {
            model: 'openai/count:3',
            api_base: `http://127.0.0.1:${upstream.port}/v1`,
            api_key: 'sk-x',
          },
        },
      ],
    }),
  )
  const leave = await lane()
  const gateway = turnpike(['--port', '0', '--num_workers', '2', '--config', config], {
    cwd: folder.path,
    env: {
      TURNPIKE_MASTER_KEY: strong,
      DATABASE_URL: `sqlite:${join(folder.path, 'own.db')}`,
      REDIS_URL: redis?.url ?? '',
      REDIS_NAMESPACE: `workers-${process.pid}-${++count}`,
    },
  })
  running.push(gateway)
  const url = (await gateway.url.finally(leave)).replace('localhost', '127.0.0.1')
  return { gateway, url, folder, config, workers: () => workersOf(gateway.pid) }
}

/** Processes that the supervisor started: it may itself be the child of its launcher. */
function workersOf(launcher: number): number[] {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc'))
    if (/^\d+$/.test(entry))
      try {
        const status = readFileSync(`/proc/${entry}/status`, 'utf8')
        if (!/^State:\s+Z/m.test(status)) parents.set(Number(entry), Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]))
      } catch {
        // it is gone already
      }
  const children = (pid: number) => [...parents].flatMap(([child, parent]) => (parent === pid ? [child] : []))
  const isWorker = (pid: number): boolean => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes('TURNPIKE_WORKER=')
    } catch {
      return false
    }
  }
  const below = (pid: number): number[] => children(pid).flatMap((child) => [child, ...below(child)])
  return below(launcher).filter(isWorker).sort()
}

function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

interface Told {
  readonly status: number
  readonly why?: string
}

async function ask(url: string, keepalive: boolean): Promise<Told> {
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      keepalive,
      headers: {
        authorization: `Bearer ${strong}`,
        'content-type': 'application/json',
        ...(!keepalive && { connection: 'close' }),
      },
      body: JSON.stringify(chat.body('m', 'Hello', false)),
    })
    await response.text()
    return { status: response.status }
  } catch (thrown) {
    return { status: 0, why: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

async function until(is: () => boolean, what: string, ms = 15_000): Promise<void> {
  for (let waited = 0; !is(); waited += 50) {
    if (waited > ms) throw new Error(`it never came: ${what}`)
    await Bun.sleep(50)
  }
}

const onRedis = redis ? describe : describe.skip

onRedis('--num_workers 2', () => {
  test('both serve on one port, one that is killed is replaced, and all end together', async () => {
    const { gateway, url, workers } = await two()
    const [first, second] = workers()
    expect(workers()).toHaveLength(2)
    const told = await Promise.all(Array.from({ length: 40 }, () => ask(url, false)))
    expect(told.filter(({ status }) => status !== 200)).toEqual([])
    process.kill(first ?? 0, 'SIGKILL')
    await until(() => gateway.said().includes('is started again'), 'the news of its end')
    await until(() => workers().length === 2 && !workers().includes(first ?? 0), 'another worker')
    expect(workers()).toContain(second ?? 0)
    await Bun.sleep(1500)
    const after = await Promise.all(Array.from({ length: 40 }, () => ask(url, false)))
    expect(after.filter(({ status }) => status !== 200)).toEqual([])
    gateway.signal('SIGTERM')
    expect(await gateway.exited).toBe(0)
    expect(workers()).toEqual([])
  })

  test('SIGUSR2 replaces them one by one under load and drops no request that it took', async () => {
    const { gateway, url, workers } = await two()
    const before = workers()
    const told: Told[] = []
    let over = false
    const callers = Array.from({ length: 6 }, async (_, index) => {
      while (!over) {
        told.push(await ask(url, index % 2 === 0))
        await Bun.sleep(5)
      }
    })
    await Bun.sleep(300)
    gateway.signal('SIGUSR2')
    await until(() => gateway.said().includes('all workers were replaced'), 'the end of the replacement', 30_000)
    await Bun.sleep(300)
    over = true
    await Promise.all(callers)
    expect(told.length).toBeGreaterThan(200)
    // the kernel resets a connection that is being made while its listener closes, before anything of it was read (tcp_migrate_req)
    expect(told.filter(({ status, why }) => status !== 200 && !why?.startsWith('ECONNRESET'))).toEqual([])
    expect(told.filter(({ status }) => status !== 200).length).toBeLessThanOrEqual(2)
    const after = workers()
    expect(after).toHaveLength(2)
    expect(after.filter((pid) => before.includes(pid))).toEqual([])
    gateway.signal('SIGINT')
    expect(await gateway.exited).toBe(0)
  })

  test('SIGHUP makes all of them read the file again', async () => {
    const { gateway, url, folder } = await two()
    folder.write(
      'config.yaml',
      JSON.stringify({
        model_list: [{ model_name: 'new', litellm_params: { model: 'openai/gpt-4o', mock_response: 'hi' } }],
      }),
    )
    gateway.signal('SIGHUP')
    await until(() => gateway.said().split('was read again and acts').length > 2, 'both readings')
    const models = async () =>
      (
        (await (
          await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${strong}`, connection: 'close' } })
        ).json()) as { data: { id: string }[] }
      ).data.map(({ id }) => id)
    for (let times = 0; times < 10; times++) expect(await models()).toEqual(['new'])
    const pids = workersOf(gateway.pid)
    expect(pids).toHaveLength(2)
    await gateway.stop()
    // whose supervisor is gone, leaves
    await until(() => !pids.some(runs), 'the end of the workers')
  })
})
