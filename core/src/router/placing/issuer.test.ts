import { describe, expect, test } from 'bun:test'
import { callOf } from '../../client/call.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { fakeProvider } from '../../testing/fake-provider.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import { createRouter } from '../create.ts'
import type { ModelEntry } from '../model-list/entry.ts'
import type { Answer } from '../trial.ts'

function entry(id: string, model: string, api_key = `sk-${id}`): ModelEntry {
  const api_base = model.startsWith('openai/') ? {} : { api_base: 'http://provider.example' }
  return { model_name: 'm', litellm_params: { model, api_key, ...api_base }, model_info: { id } }
}

const claudes = [entry('a', 'anthropic/claude-sonnet-4-5'), entry('b', 'anthropic/claude-sonnet-4-5')]
const geminis = [entry('a', 'gemini/gemini-3-pro-preview'), entry('b', 'gemini/gemini-3-pro-preview')]

/** A router with dice that roll differently each time, before a provider in memory. */
function open(entries: readonly ModelEntry[]) {
  const fake = fakeProvider()
  const clock = { now: 1_700_000_000_000, seed: 1 }
  const router = createRouter(
    entries,
    {},
    {
      fetch: (url, init) => fake.handle(new Request(url, init)),
      now: () => clock.now,
      tick: () => clock.now,
      dice: () => (clock.seed = (clock.seed * 16807) % 2147483647) / 2147483647,
      sleep: async (ms) => void (clock.now += ms),
      environment: { OPENAI_BASE_URL: 'http://provider.example/v1' },
    },
  )
  async function ask(format: FormatId, body: JsonObject): Promise<Answer> {
    const bytes = new TextEncoder().encode(JSON.stringify(body))
    const path = format === 'gemini' ? { model: 'm', stream: false } : {}
    const answer = await router.ask(callOf({ format, bytes, path }), router.group('m'), { tenant: 't' })
    answer.done({})
    return answer
  }
  return { ask, fake }
}

const sealed = 'c2VhbGVk'
const user = (content: string) => ({ role: 'user', content })
const claude = (...messages: JsonObject[]): JsonObject => ({ model: 'm', max_tokens: 2048, messages })
const signed = { type: 'thinking', thinking: 'hm', signature: sealed }
const redacted = { type: 'redacted_thinking', data: sealed }
const thought = (block: JsonObject) => ({ role: 'assistant', content: [block, { type: 'text', text: 'Yes' }] })
const gemini = (...contents: JsonObject[]): JsonObject => ({ contents })
const asked = (text: string) => ({ role: 'user', parts: [{ text }] })
const told = { role: 'model', parts: [{ text: 'Yes', thoughtSignature: sealed }] }
const sealedCall = {
  ...{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } },
  extra_content: { google: { thought_signature: sealed } },
}

/** A conversation's first turn, and a later one that brings back what was sealed in it. */
type Turns = (name: string) => readonly [JsonObject, JsonObject]

const cases: [string, readonly ModelEntry[], FormatId, Turns][] = [
  [
    'a signed thought of Anthropic',
    claudes,
    'anthropic-messages',
    (name) => [claude(user(name)), claude(user(name), thought(signed), user('on'))],
  ],
  [
    'a redacted thought of Anthropic',
    claudes,
    'anthropic-messages',
    (name) => [claude(user(name)), claude(user(name), thought(redacted), user('on'))],
  ],
  [
    'a signed thought of Google',
    geminis,
    'gemini',
    (name) => [gemini(asked(name)), gemini(asked(name), told, asked('on'))],
  ],
  [
    'a call that Google signed, in another format',
    geminis,
    'openai-chat',
    (name) => [
      { model: 'm', messages: [user(name)] },
      {
        model: 'm',
        messages: [
          user(name),
          { role: 'assistant', content: null, tool_calls: [sealedCall] },
          { role: 'tool', tool_call_id: 'c', content: '1' },
        ],
      },
    ],
  ],
]

describe('what was sealed goes back to whoever sealed it', () => {
  test.each(cases)('%s', async (_, entries, format, turns) => {
    const { ask } = open(entries)
    const homes = new Set<string>()
    for (let at = 0; at < 12; at++) {
      const [first, later] = turns(`conversation ${at}`)
      const home = (await ask(format, first)).deployment.id
      homes.add(home)
      for (let turn = 0; turn < 4; turn++) expect((await ask(format, later)).deployment.id).toBe(home)
    }
    expect([...homes].sort()).toEqual(['a', 'b'])
  })

  test('and where nothing was, the conversation goes anywhere', async () => {
    const { ask } = open(claudes)
    const homes = new Set<string>()
    const later = claude(user('hi'), { role: 'assistant', content: 'my "signature"' }, user('on'))
    for (let turn = 0; turn < 12; turn++) homes.add((await ask('anthropic-messages', later)).deployment.id)
    expect(homes.size).toBe(2)
  })

  test('or to another with the same credential, while its own is out of rotation', async () => {
    const twin = entry('twin', 'anthropic/claude-sonnet-4-5', 'sk-a')
    const { ask, fake } = open([...claudes, twin])
    for (let at = 0; at < 12; at++) {
      const name = `conversation ${at}`
      const home = (await ask('anthropic-messages', claude(user(name)))).deployment.id
      if (home === 'b') continue
      const later = claude(user(name), thought(signed), user('on'))
      fake.script('status-429')
      const next = (await ask('anthropic-messages', later)).deployment.id
      expect([home, next].sort()).toEqual(['a', 'twin'])
      return
    }
    throw new Error('nothing went to the first credential')
  })
})

describe('where whoever sealed it cannot be asked', () => {
  test('another account of Anthropic gets it as it is', async () => {
    const { ask, fake } = open(claudes)
    const home = (await ask('anthropic-messages', claude(user('hi')))).deployment.id
    fake.script('status-429')
    const { deployment, compiled } = await ask('anthropic-messages', claude(user('hi'), thought(signed), user('on')))
    expect(deployment.id).not.toBe(home)
    expect(compiled.warnings).toEqual([])
    expect(fake.requests.at(-1)?.body).toContain(sealed)
  })

  const elsewhere: [string, readonly ModelEntry[], FormatId, JsonObject][] = [
    [
      'a thought of Anthropic',
      [entry('a', 'openai/gpt-4o')],
      'anthropic-messages',
      claude(user('hi'), thought(signed), user('on')),
    ],
    ['a redacted one', geminis, 'anthropic-messages', claude(user('hi'), thought(redacted), user('on'))],
    ['a thought of Google', claudes, 'gemini', gemini(asked('hi'), told, asked('on'))],
    ['the same, to OpenAI', [entry('a', 'openai/o3')], 'gemini', gemini(asked('hi'), told, asked('on'))],
  ]

  test.each(elsewhere)(
    '%s is left out for those of another format, with a warning',
    async (...[, entries, format, body]) => {
      const { ask, fake } = open(entries)
      const { compiled } = await ask(format, body)
      expect(fake.requests.at(-1)?.body).not.toContain(sealed)
      expect(fake.requests.at(-1)?.body).toContain('Yes')
      expect(compiled.warnings).toContainEqual(expect.objectContaining({ kind: 'dropped' }))
    },
  )
})
