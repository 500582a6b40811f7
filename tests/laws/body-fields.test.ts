import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type TestHouse, testHouse } from '../house.ts'

let house: TestHouse
let key: string

beforeAll(async () => {
  house = await testHouse()
  key = await house.key()
})
afterAll(() => house.close())

function ask(more: object): Promise<Response> {
  return fetch(`${house.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: 'Hello' }], ...more }),
  })
}

describe('a field that is meant for the gateway', () => {
  test.each(['api_base', 'base_url', 'api_key', 'user_config', 'guardrails'])(
    '%s is refused by name, and no provider hears of it',
    async (name) => {
      const before = house.provider.requests.length
      const answer = await ask({ [name]: name === 'guardrails' ? ['pii'] : 'http://127.0.0.1:9' })
      const { error } = (await answer.json()) as { error: { message: string; param: string } }
      expect([answer.status, error.param]).toEqual([400, name])
      expect(error.message).toContain('not allowed in the request body')
      expect(house.provider.requests.length).toBe(before)
    },
  )

  test('mock_response is answered without a provider', async () => {
    const before = house.provider.requests.length
    const answer = await ask({ mock_response: 'A mock of an answer.' })
    const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] }
    expect(choices[0]?.message.content).toBe('A mock of an answer.')
    expect(house.provider.requests.length).toBe(before)
  })

  test('none of them reaches the provider', async () => {
    const answer = await ask({
      num_retries: 1,
      timeout: 30,
      stream_timeout: 30,
      cache: { 'no-cache': true },
      litellm_trace_id: 't',
      tags: ['a'],
    })
    expect(answer.status).toBe(200)
    expect(Object.keys(JSON.parse(house.provider.requests.at(-1)?.body ?? '{}')).sort()).toEqual(['messages', 'model'])
  })

  test('timeout bounds the call', async () => {
    const begun = performance.now()
    house.provider.script('hang')
    const late = await ask({ timeout: 0.2, num_retries: 0 })
    expect(late.status).toBe(408)
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})
