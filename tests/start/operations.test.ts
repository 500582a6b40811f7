import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fakeProvider } from 'turnpike-core/internal/testing/fake-provider'
import { chat } from '../laws/doors.ts'
import { lane, runTurnpike, type Started, scratch, turnpike } from './gateway-process.ts'

setDefaultTimeout(60_000)

const strong = 'sk-9f8e7d6c5b4a39281706f5e4d3c2b1a0'
const running: Started[] = []
const folders: ReturnType<typeof scratch>[] = []
const fake = fakeProvider()
const upstream = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 0, fetch: (request) => fake.handle(request) })

afterAll(async () => {
  await Promise.all(running.map((one) => one.stop()))
  await upstream.stop(true)
  for (const folder of folders) folder.remove()
})

const configOf = (names: readonly string[], model = 'openai/gpt-4o') =>
  JSON.stringify({
    model_list: names.map((model_name) => ({
      model_name,
      litellm_params: { model, api_base: `http://127.0.0.1:${upstream.port}/v1`, api_key: 'sk-of-the-provider' },
      model_info: { input_cost_per_token: 0.001, output_cost_per_token: 0.001 },
    })),
  })

async function begin(config: string, more: Record<string, string> = {}) {
  const folder = scratch()
  folders.push(folder)
  const file = folder.write('config.yaml', config)
  const env = { TURNPIKE_MASTER_KEY: strong, DATABASE_URL: `sqlite:${join(folder.path, 'own.db')}`, ...more }
  const leave = await lane()
  const gateway = turnpike(['--port', '0', '--config', file], { cwd: folder.path, env })
  running.push(gateway)
  const url = (await gateway.url.finally(leave)).replace('localhost', '127.0.0.1')
  const ask = (path: string, body?: object) =>
    fetch(url + path, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${strong}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
  const models = async () =>
    ((await (await ask('/v1/models')).json()) as { data: { id: string }[] }).data.map(({ id }) => id)
  return { gateway, url, ask, models, folder, file, env }
}

async function until(is: () => boolean | Promise<boolean>, what: string, ms = 15_000): Promise<void> {
  for (let waited = 0; !(await is()); waited += 50) {
    if (waited > ms) throw new Error(`it never came: ${what}`)
    await Bun.sleep(50)
  }
}

describe('a configuration that changes', () => {
  test('acts as soon as its file does, and one that is wrong is told with its place and changes nothing', async () => {
    const { gateway, models, file } = await begin(configOf(['a']))
    expect(await models()).toEqual(['a'])
    writeFileSync(file, configOf(['b']))
    await until(async () => (await models()).includes('b'), 'the change of the file')
    // as editors and Kubernetes do: another file in its place
    writeFileSync(`${file}.new`, configOf(['c']))
    renameSync(`${file}.new`, file)
    await until(async () => (await models()).includes('c'), 'another file in its place')
    writeFileSync(file, 'model_list:\n  - model_name: [\n')
    await until(() => gateway.said().includes('the one before goes on'), 'the complaint')
    expect(gateway.said()).toMatch(/config\.yaml:\d+:\d+: /)
    expect(await models()).toEqual(['c'])
    writeFileSync(file, configOf(['d']))
    await until(async () => (await models()).includes('d'), 'the repaired file')
  })

  test('is read again on SIGHUP', async () => {
    const { gateway, models } = await begin(configOf(['a']))
    gateway.signal('SIGHUP')
    await until(() => gateway.said().includes('was read again and is as before'), 'the reading')
    expect(await models()).toEqual(['a'])
  })
})

test('SIGTERM with a hundred streams in flight cuts none, takes nothing new, and books every one', async () => {
  const { gateway, url, ask, file, folder, env } = await begin(configOf(['m'], 'openai/count:40+slow-chunks:50'))
  const streams = await Promise.all(
    Array.from({ length: 100 }, () => ask('/v1/chat/completions', chat.body('m', 'Hello', true))),
  )
  const texts = Promise.all(streams.map((response) => response.text()))
  gateway.signal('SIGTERM')
  await Bun.sleep(200)
  const late = await fetch(`${url}/health/readiness`, { headers: { connection: 'close' } }).then(
    ({ status }) => status,
    () => 0,
  )
  expect([0, 503]).toContain(late)
  const whole = (await texts).filter((text) => chat.complete(text) && chat.words(text).trim().split(' ').length === 40)
  expect(whole).toHaveLength(100)
  expect(await gateway.exited).toBe(0)
  const leave = await lane()
  const next = turnpike(['--port', '0', '--config', file], { cwd: folder.path, env })
  running.push(next)
  const again = (await next.url.finally(leave)).replace('localhost', '127.0.0.1')
  const rows = (await (
    await fetch(`${again}/spend/logs`, { headers: { authorization: `Bearer ${strong}` } })
  ).json()) as { status: string }[]
  expect(rows.filter(({ status }) => status === 'success')).toHaveLength(100)
})

describe('turnpike explain', () => {
  test('tells what would become of a call of a key, beside the gateway that serves it', async () => {
    const { ask, file, folder, env } = await begin(configOf(['m']))
    const { key } = (await (await ask('/key/generate', { models: ['m'], max_budget: 3, key_alias: 'ann' })).json()) as {
      key: string
    }
    const request = folder.write('request.json', JSON.stringify(chat.body('m', 'Hello', false)))
    const before = fake.requests.length
    const { code, said } = await runTurnpike(['explain', '--config', file, '--key', key, '--file', request], {
      cwd: folder.path,
      env,
    })
    expect(code).toBe(0)
    expect(JSON.parse(said)).toMatchObject({
      caller: { key_alias: 'ann' },
      would_be: 'sent',
      candidates: [{ provider: 'openai', request: { headers: { authorization: '********' } } }],
    })
    expect(said).not.toContain('sk-of-the-provider')
    expect(fake.requests).toHaveLength(before)
  })

  test('leaves nothing behind where there is no gateway yet', async () => {
    const folder = scratch()
    folders.push(folder)
    const file = folder.write('config.yaml', configOf(['m']))
    const request = folder.write('request.json', JSON.stringify(chat.body('m', 'Hello', false)))
    const { code, said } = await runTurnpike(['explain', '-c', file, '--file', request], {
      cwd: folder.path,
      env: { TURNPIKE_MASTER_KEY: strong },
    })
    expect(said).toContain('"would_be": "sent"')
    expect(code).toBe(0)
    expect(existsSync(join(folder.path, '.turnpike'))).toBe(false)
  })
})
