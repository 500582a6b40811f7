import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { stayAlone } from '../../gateway/src/boot/alone.ts'
import { readConfig } from '../../gateway/src/config/read.ts'
import { runTurnpike, type Scratch, type Started, scratch, turnpike } from '../start/gateway-process.ts'
import { master, postgres, redis } from './cluster.ts'
import { until } from './load.ts'

/** Gateways that could not agree do not serve beside each other. */

let folder: Scratch
const running: Started[] = []
const args = ['--host', '127.0.0.1', '--port', '0']

beforeAll(() => {
  folder = scratch()
})
afterAll(async () => {
  await Promise.all(running.map((one) => one.stop()))
  folder.remove()
})

const env = (home: string, more = {}) => ({
  TURNPIKE_HOME: join(folder.path, home),
  TURNPIKE_MASTER_KEY: master,
  ...more,
})

async function start(home: string, more = {}): Promise<Started> {
  const started = turnpike(args, { cwd: folder.path, env: env(home, more) })
  running.push(started)
  await started.url
  return started
}

async function expectRefused(home: string, more = {}): Promise<void> {
  const { code, said } = await runTurnpike(args, { cwd: folder.path, env: env(home, more) })
  expect(code).toBe(1)
  expect(said.trim().split('\n').length).toBe(1)
  expect(said).toMatch(/^turnpike cannot start: Another gateway serves over this database.*REDIS_URL/)
}

test.concurrent('a second gateway over one SQLite file is refused, and let in when the first is gone, however it went', async () => {
  const first = await start('one')
  await expectRefused('one')
  await first.stop()
  const next = await start('one')
  next.signal('SIGTERM')
  expect(await next.exited).toBe(0)
  await start('one')
}, 30_000)

test.concurrent('more workers than one are refused with the reason', async () => {
  const { code, said } = await runTurnpike(['--num_workers', '2', ...args], { cwd: folder.path, env: env('workers') })
  expect(code).toBe(1)
  expect(said).toMatch(/--num_workers.*Redis/)
}, 30_000)

test.concurrent.skipIf(!redis)(
  'with Redis several may share one SQLite file',
  async () => {
    const more = { REDIS_URL: redis?.url ?? '', REDIS_NAMESPACE: `alone-${process.pid}` }
    await start('shared', more)
    await start('shared', more)
  },
  30_000,
)

const database = async () => (await postgres?.database()) ?? ''

test.concurrent.skipIf(!postgres)(
  'on Postgres a second gateway without Redis is refused, and let in when the first is gone, however it went',
  async () => {
    const more = { DATABASE_URL: await database() }
    const first = await start('pg-one', more)
    await expectRefused('pg-two', more)
    await first.stop()
    const next = await start('pg-two', more)
    next.signal('SIGTERM')
    expect(await next.exited).toBe(0)
    await start('pg-one', more)
  },
  30_000,
)

test.concurrent.skipIf(!redis || !postgres)(
  'with Redis several may share one database',
  async () => {
    const more = {
      DATABASE_URL: await database(),
      REDIS_URL: redis?.url ?? '',
      REDIS_NAMESPACE: `alone-pg-${process.pid}`,
    }
    await start('pg-three', more)
    await start('pg-four', more)
  },
  30_000,
)

test.skipIf(!postgres)(
  'it is alone again after Postgres was started anew, and says so when another was quicker',
  async () => {
    const config = readConfig(undefined, { DATABASE_URL: await database() })
    const lines: string[] = []
    const quiet = () => {}
    const first = await stayAlone({ config, log: (line) => void lines.push(line) })
    await postgres?.restart()
    await Bun.sleep(3000)
    await expect(stayAlone({ config, log: quiet, patienceMs: 0 })).rejects.toThrow('REDIS_URL')
    await postgres?.restart()
    const quicker = await stayAlone({ config, log: quiet, patienceMs: 0 })
    await until(() => lines.length > 0, 'the first is told')
    expect(lines.join()).toMatch(/^error: Another gateway.*REDIS_URL/)
    await first.release()
    await quicker.release()
    await (await stayAlone({ config, log: quiet, patienceMs: 0 })).release()
  },
  30_000,
)
