import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type TestHouse, testHouse } from '../house.ts'
import { chat } from '../laws/doors.ts'
import { post, sayRaw } from './raw.ts'

let house: TestHouse
let key: string

beforeAll(async () => {
  house = await testHouse()
  key = await house.key()
})
afterAll(() => house.close())

const get = (target: string, more = '', version = '1.1'): string =>
  `GET ${target} HTTP/${version}\r\n${version === '1.1' ? 'host: gateway\r\n' : ''}connection: close\r\n${more}\r\n`
const ask = JSON.stringify(chat.body('gpt', 'Hello there', false))
const completions = '/v1/chat/completions'

/** The number of keys that exist; what a request got at, if it got at anything. */
const keys = async (): Promise<number> => {
  const response = await fetch(`${house.url}/key/list?size=100`, {
    headers: { authorization: `Bearer ${house.master}` },
  })
  return ((await response.json()) as { total_count: number }).total_count
}

describe('a target that is not written as its route is', () => {
  const generate = [
    '//key/generate',
    '/%6bey/generate',
    '/key%2fgenerate',
    '/key/generate/',
    '/key//generate',
    '/v1/../key/generate',
    '/v1/%2e%2e/key/generate',
    '/./key/generate',
    '/key/generate%00',
    '/key/generate;x=1',
    '/KEY/generate',
    '/key\\generate',
    '/ｋey/generate',
    '/key/generate#/v1/models',
    '/key/generate?/v1/models',
    '/key/generate?',
    'http://other.example/key/generate',
    'http://gateway/key/generate#x',
    '/health/liveliness/../../key/generate',
    'key/generate',
    '*',
  ]

  test.each(generate)('reaches no admin route without the master key: %s', async (target) => {
    const before = await keys()
    for (const credential of [key, 'sk-not-a-key-of-this-house', '']) {
      const text = post(target, credential, '{}', {
        connection: 'close',
        ...(credential === '' && { authorization: '' }),
      })
      const { status, body } = await sayRaw(house.url, text)
      expect([400, 401, 403, 404, 405, 426], `${target} ${status} ${body}`).toContain(status)
      expect(body).not.toContain('"token_id"')
    }
    expect(await keys()).toBe(before)
  })

  test.each([
    '//v1/chat/completions',
    '/v1/chat/completions/',
    '/v1/chat%2fcompletions',
    '/v1//chat/completions',
    '/x/../v1/chat/completions',
    '/health/liveliness/..;/v1/chat/completions',
  ])('reaches no model without a key: %s', async (target) => {
    const before = house.provider.requests.length
    const { status } = await sayRaw(house.url, post(target, '', ask, { authorization: '', connection: 'close' }))
    expect([400, 401, 404]).toContain(status)
    expect(house.provider.requests.length).toBe(before)
  })

  test.each(['/v1/models#/health/liveliness', '/v1/models?x=/health/liveliness', 'http://other.example/v1/models'])(
    'keeps the policy of the route it means: %s',
    async (target) => {
      expect((await sayRaw(house.url, get(target))).status).toBe(401)
      expect((await sayRaw(house.url, get(target, `authorization: Bearer ${key}\r\n`))).status).toBe(200)
    },
  )

  test('in its model part cannot climb to another route or provider path', async () => {
    const before = house.provider.requests.length
    for (const model of ['..%2f..%2fkey', 'gem%00', 'a/../../key/generate', '%ff'])
      for (const target of [`/v1beta/models/${model}:generateContent`, `/engines/${model}/chat/completions`]) {
        const { status, body } = await sayRaw(house.url, post(target, key, ask, { connection: 'close' }))
        expect([400, 404, 405], `${target}: ${status} ${body}`).toContain(status)
      }
    expect(house.provider.requests.length).toBe(before)
  })
})

describe('a Host', () => {
  test.each([
    'evil.example',
    'gateway:99999',
    '[::1]',
    'a b',
    '../../',
    '',
    'gateway/key/generate?',
    'user@gateway',
    '‮gateway',
  ])('plays no part in who may do what: %s', async (host) => {
    const at = (credential: string) =>
      sayRaw(house.url, post('/key/generate', credential, '{}', { host: host === '' ? '' : host, connection: 'close' }))
    expect([400, 401, 403, 404]).toContain((await at(key)).status)
    const models = `GET /v1/models HTTP/1.1\r\n${host === '' ? '' : `host: ${host}\r\n`}connection: close\r\n\r\n`
    expect([400, 401, 404]).toContain((await sayRaw(house.url, models)).status)
  })

  test('is not needed by HTTP/1.0', async () => {
    expect((await sayRaw(house.url, get('/health/liveliness', '', '1.0'))).status).toBe(200)
    expect((await sayRaw(house.url, get('/v1/models', '', '1.0'))).status).toBe(401)
    expect((await sayRaw(house.url, get('/v1/models', `authorization: Bearer ${key}\r\n`, '1.0'))).status).toBe(200)
    const asked = post(completions, key, ask, { host: '' }).replace('HTTP/1.1', 'HTTP/1.0')
    expect((await sayRaw(house.url, asked)).status).toBe(200)
  })

  test('that was forwarded says nothing of who asks', async () => {
    const forged =
      'x-forwarded-host: localhost\r\nx-forwarded-for: 127.0.0.1\r\nx-original-url: /health/liveliness\r\nx-rewrite-url: /\r\n'
    expect((await sayRaw(house.url, get('/v1/models', forged))).status).toBe(401)
  })
})

describe('a request in two minds', () => {
  test.each([
    ['two content-lengths', 'content-length: 5\r\ncontent-length: 6\r\n'],
    ['a length and chunks', 'content-length: 5\r\ntransfer-encoding: chunked\r\n'],
    ['an unknown coding', 'transfer-encoding: x\r\n'],
    ['a signed length', 'content-length: +5\r\n'],
    ['a negative length', 'content-length: -1\r\n'],
  ])('about its length is refused or read once, never twice: %s', async (_, length) => {
    const before = house.provider.requests.length
    const smuggled = get('/v1/models', `authorization: Bearer ${key}\r\n`)
    const text = `POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${key}\r\n${length}\r\n0\r\n\r\n${smuggled}`
    const { status, body } = await sayRaw(house.url, text, { ms: 800 })
    expect([0, 400, 501]).toContain(status)
    expect(body).not.toContain('"object":"list"')
    expect(house.provider.requests.length).toBe(before)
  })

  test('with a line folded or split into its key is no admin', async () => {
    for (const line of [`authorization: Bearer x\r\n ${house.master}\r\n`, 'x: y\rauthorization: Bearer z\r\n'])
      expect([0, 400, 401]).toContain((await sayRaw(house.url, get('/key/list', line), { ms: 800 })).status)
  })
})

describe('what warms up and what upgrades', () => {
  test('HEAD / and GET / answer without a key, HEAD without a body', async () => {
    const seen = await fetch(house.url)
    expect(seen.status).toBe(200)
    expect(seen.headers.get('content-type')).toContain('application/json')
    const head = await sayRaw(house.url, 'HEAD / HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n')
    expect(head.status).toBe(200)
    expect(head.body).toBe('')
    expect(
      (await sayRaw(house.url, 'HEAD /api/hello HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n')).status,
    ).toBe(200)
  })

  test('a WebSocket upgrade on /v1/responses is refused at once with a clean 4xx', async () => {
    const upgrade = `upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nauthorization: Bearer ${key}\r\n`
    const text = `GET /v1/responses HTTP/1.1\r\nhost: gateway\r\nconnection: Upgrade\r\n${upgrade}\r\n`
    const begun = performance.now()
    const { status, body } = await sayRaw(house.url, text)
    expect(status).toBe(426)
    expect(JSON.parse(body)).toMatchObject({ error: { message: expect.stringContaining('POST') } })
    expect(performance.now() - begun).toBeLessThan(300)
  })

  test('a WebSocket client hears of the refusal and does not hang', async () => {
    const socket = new WebSocket(`${house.url.replace('http', 'ws')}/v1/responses`)
    const how = await new Promise<string>((resolve) => {
      socket.onopen = () => resolve('open')
      socket.onclose = () => resolve('closed')
    })
    expect(how).toBe('closed')
  })

  test('a method that a path does not take is 405 and names those it takes', async () => {
    const response = await fetch(`${house.url}/v1/chat/completions`, { method: 'PUT', body: '{}' })
    expect(response.status).toBe(405)
    expect(await response.text()).toContain('POST')
  })

  test('OPTIONS, TRACE and CONNECT reach nothing', async () => {
    for (const method of ['OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND']) {
      const text = `${method} /key/generate HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n`
      expect([0, 400, 401, 404, 405, 501]).toContain((await sayRaw(house.url, text, { ms: 800 })).status)
    }
  })
})
