import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestHouse, testHouse } from '../house.ts'
import { http, type RawProvider, rawProvider } from '../sockets/raw.ts'
import { type Scratch, scratch } from '../start/gateway-process.ts'
import { doors, knock, price, wildcards } from './doors.ts'

/** Law 9: canary credentials and prompts appear in no response, log, error or row. */

const secret = {
  providerKey: 'sk-canary-of-the-provider-4f1d2c9e8b7a',
  header: 'canary-in-an-extra-header-77aa31',
  query: 'canary-in-a-query-91be',
} as const
const prompt = 'canary prompt: the treasure lies under the third oak'
const answered = 'canary answer: seventeen paces to the north'

let house: TestHouse
let folder: Scratch
let angry: RawProvider
let key: string
/** everything that came out of the house, by where it came out */
const out: [string, string][] = []

beforeAll(async () => {
  folder = scratch()
  // a provider that repeats what it was sent in everything it says
  angry = await rawProvider((socket, { head, body }) => {
    const { model } = JSON.parse(body) as { model: string }
    const echo = JSON.stringify({
      error: {
        message: `Incorrect API key provided: ${head.replaceAll('\r\n', ' ')}`,
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_api_key',
      },
    })
    if (model === 'reset') socket.resetAndDestroy()
    else if (model === 'html')
      socket.write(http('502 Bad Gateway', { 'content-type': 'text/html' }, `<pre>${head}</pre>`))
    else if (model === 'headers')
      socket.write(
        http(
          '429 Too Many Requests',
          {
            'content-type': 'application/json',
            'x-request-id': 'r1',
            'x-echo': secret.providerKey,
            'www-authenticate': `Bearer ${secret.providerKey}`,
          },
          echo,
        ),
      )
    else socket.write(http(`${model} No`, { 'content-type': 'application/json' }, echo))
  })
  house = await testHouse({
    models: (place) => [
      ...wildcards(place, { api_key: secret.providerKey, extra_headers: { 'x-extra-secret': secret.header } }),
      {
        model_name: 'angry/*',
        litellm_params: {
          model: 'openai/*',
          api_key: secret.providerKey,
          api_base: angry.url,
          extra_headers: { 'x-extra-secret': secret.header },
        },
        model_info: price,
      },
      {
        model_name: 'queried/*',
        litellm_params: {
          model: 'openai/*',
          api_key: secret.providerKey,
          api_base: `${angry.url}/v1?token=${secret.query}`,
        },
        model_info: price,
      },
    ],
    router: { num_retries: 0, disable_cooldowns: true },
    general: { database_url: `sqlite:${join(folder.path, 'house.db')}` },
  })
  key = await house.key({ key_alias: 'canary-test', max_budget: 100 })
})

afterAll(async () => {
  angry.close()
  await house.close()
  folder.remove()
})

async function hear(name: string, request: Request | Promise<Response>): Promise<void> {
  const response = await (request instanceof Request ? fetch(request) : request)
  const headers = [...response.headers].map(([header, value]) => `${header}: ${value}`).join('\n')
  out.push([`${name} ${response.status}`, `${headers}\n\n${await response.text()}`])
}

function expectClean(words: readonly string[], places: readonly (readonly [string, string])[]): void {
  for (const [place, text] of places)
    for (const word of words) expect(text.includes(word), `${word} in ${place}: ${text}`).toBe(false)
}

test('no credential is in any answer, whatever the provider repeats', async () => {
  for (const door of doors)
    for (const stream of [false, true]) {
      for (const group of [door.own, door.foreign])
        for (const behaviour of [
          'plain',
          'status-401',
          'status-500',
          'error-first-event',
          'die-before-content',
          'html-body',
          'die-after-content:2+slow-chunks:5',
        ])
          await hear(
            `${door.format} ${group}/${behaviour} ${stream}`,
            knock(door, { url: house.url, key }, { model: `${group}/${behaviour}`, text: prompt, stream }),
          )
      for (const group of ['angry', 'queried'])
        for (const behaviour of ['401', '403', '400', '404', '500', '429', 'headers', 'html', 'reset'])
          await hear(
            `${door.format} ${group}/${behaviour} ${stream}`,
            knock(door, { url: house.url, key }, { model: `${group}/${behaviour}`, text: prompt, stream }),
          )
    }
  expect(angry.requests.length).toBeGreaterThan(50)
  expect(angry.requests.some(({ head }) => head.includes(secret.providerKey) && head.includes(secret.header))).toBe(
    true,
  )
  expectClean([...Object.values(secret), house.master], out)
  // the virtual key of the caller is its own, and still no business of an answer
  expectClean([key], out)
})

test('no credential of the caller travels to a provider', () => {
  const seen = [
    ...house.provider.requests.map((request) => JSON.stringify(request)),
    ...angry.requests.map(({ head, body }) => head + body),
  ]
  expectClean(
    [key, house.master],
    seen.map((text) => ['a provider’s request', text] as const),
  )
})

test('no prompt is in a refusal, and nothing of one is in a listing', async () => {
  const refusals = out.filter(([name]) => !/ 200$/.test(name))
  expect(refusals.length).toBeGreaterThan(100)
  expectClean([prompt], refusals)
  const listings: [string, string][] = []
  for (const who of [key, house.master])
    for (const path of [
      '/v1/models',
      '/v1/model/info',
      '/model/info',
      '/key/info',
      '/key/list',
      '/key/aliases',
      '/spend/logs',
      '/spend/keys',
      '/global/spend',
      '/health/readiness',
      '/',
      '/v1/models/chat',
      '/v1beta/models',
      '/public/litellm_model_cost_map',
    ]) {
      const response = await fetch(house.url + path, { headers: { authorization: `Bearer ${who}` } })
      listings.push([path, [...response.headers].join('\n') + (await response.text())])
    }
  expectClean([...Object.values(secret), prompt, house.master, key], listings)
})

test('no credential, prompt or answer is in the store’s file', async () => {
  house.provider.script(() =>
    Response.json({
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: answered }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    }),
  )
  await hear(
    'an answer',
    knock(doors[0] as (typeof doors)[number], { url: house.url, key }, { model: 'chat/m', text: prompt }),
  )
  await house.gateway.house.ledger.flush()
  expect((await house.gateway.house.store.ledger.find({}, 10_000)).length).toBeGreaterThan(200)
  // the journal's files too: what is on its way to the store is on this disk
  const files = readdirSync(folder.path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'latin1')] as const)
  expect(files.some(([, text]) => text.includes('canary-test'))).toBe(true)
  expectClean([...Object.values(secret), prompt, 'treasure', answered, key, house.master], files)
})

test('the operator’s log has neither', () => {
  expectClean(
    [...Object.values(secret), prompt, answered, key, house.master],
    house.log.map((line) => ['the log', line] as const),
  )
})

test('a mistyped key is not repeated, whole or in its greater part', async () => {
  const typed = 'sk-mistyped-canary-1234567890abcdef'
  for (const door of doors)
    for (const wrong of [typed, `${typed} `, `Bearer${typed}`, typed.toUpperCase()]) {
      const response = await fetch(knock(door, { url: house.url, key: wrong }, { model: 'chat/plain' }))
      const text = await response.text()
      expect(response.status).toBe(401)
      expectClean([typed.slice(0, -4), typed.slice(3, -4), typed.toUpperCase().slice(3, -4)], [[door.format, text]])
    }
})
