import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { allFormats, callFrom, helloIn, textOf } from '../testing/calls.ts'
import { buildTarget, type TargetSpec } from './build-target.ts'
import type { Call } from './call.ts'
import { compile, formatFor } from './compile.ts'

const target = (model: string, more: Partial<TargetSpec> = {}) =>
  buildTarget({ model, apiKey: 'sk-key-123456', ...more }, {})
const sent = (call: Call, to: ReturnType<typeof target>): string => textOf(compile(call, to).body)
const parsed = (call: Call, to: ReturnType<typeof target>): JsonObject => JSON.parse(sent(call, to)) as JsonObject

/** A body with everything that a careless rewrite would change: spaces, number forms, escapes, order, unknown fields. */
const odd =
  '{ "temperature" : 1.0,\n "model":"MODEL", "big": 12345678901234567890, "x":[ ],"messages":[{"role":"user","content":"\\u00e9 ü \\/ 😀"}]  }'

describe('a call in the provider’s own format', () => {
  test('keeps every byte when the model’s name stays', () => {
    const text = odd.replace('MODEL', 'gpt-4o')
    const call = callFrom('openai-chat', text)
    expect(compile(call, target('openai/gpt-4o')).body).toBe(call.envelope.bytes)
  })

  test('changes the bytes of the model’s name and no other', () => {
    const call = callFrom('openai-chat', odd.replace('MODEL', 'my-group'))
    expect(sent(call, target('openai/gpt-4o'))).toBe(odd.replace('MODEL', 'gpt-4o'))
  })

  test('asks for usage in a stream, adds nothing else, and hides the answer to it', () => {
    const call = callFrom('openai-chat', '{"model":"gpt-4o","stream":true,"messages":[]}')
    const made = compile(call, target('openai/gpt-4o'))
    expect(textOf(made.body)).toBe(
      '{"stream_options":{"include_usage":true},"model":"gpt-4o","stream":true,"messages":[]}',
    )
    expect(made.hidesUsage).toBe(true)
  })

  test('leaves alone a stream that asks for usage itself, and keeps what else its options say', () => {
    const asks = '{"model":"gpt-4o","stream":true,"stream_options":{ "include_usage":true },"messages":[]}'
    const made = compile(callFrom('openai-chat', asks), target('openai/gpt-4o'))
    expect([textOf(made.body), made.hidesUsage]).toEqual([asks, false])
    const other = callFrom('openai-chat', {
      model: 'gpt-4o',
      stream: true,
      stream_options: { include_usage: false, include_obfuscation: false },
    })
    expect(parsed(other, target('openai/gpt-4o')).stream_options).toEqual({
      include_usage: true,
      include_obfuscation: false,
    })
  })

  test('asks for no usage where the format tells it by itself', () => {
    for (const [format, model] of [
      ['openai-responses', 'openai/gpt-4o'],
      ['anthropic-messages', 'anthropic/claude-sonnet-4-5'],
    ] as const) {
      const made = compile(helloIn(format, { stream: true }), target(model))
      expect([textOf(made.body).includes('stream_options'), made.hidesUsage]).toEqual([false, false])
    }
  })

  test('loses what is meant for the gateway, with its comma', () => {
    const call = callFrom(
      'openai-chat',
      '{"fallbacks":["a"],"model":"gpt-4o","num_retries":3,"messages":[],"tags":["x"],"mock_response":"hi"}',
    )
    expect(sent(call, target('openai/gpt-4o'))).toBe('{"model":"gpt-4o","messages":[]}')
  })

  test('keeps metadata of strings, which is the vendor’s, and loses metadata of anything else, which is not', () => {
    const own = '{"model":"gpt-4o","metadata":{"trace":"1"},"messages":[]}'
    expect(sent(callFrom('openai-chat', own), target('openai/gpt-4o'))).toBe(own)
    const litellm = '{"model":"gpt-4o","metadata":{"tags":["a"]},"messages":[]}'
    expect(sent(callFrom('openai-chat', litellm), target('openai/gpt-4o'))).toBe('{"model":"gpt-4o","messages":[]}')
    const anthropic = '{"model":"claude-x","metadata":{"user_id":null},"max_tokens":1,"messages":[]}'
    expect(sent(callFrom('anthropic-messages', anthropic), target('anthropic/claude-x'))).toBe(anthropic)
  })

  test('takes defaults in the names of its own format', () => {
    const defaults = { temperature: 0.1, max_tokens: 77 }
    const gemini = callFrom(
      'gemini',
      { contents: [], generationConfig: { topP: 0.5, temperature: 0.9 } },
      { model: 'gemini-2.0-flash' },
    )
    expect(parsed(gemini, target('gemini/gemini-2.0-flash', { defaults })).generationConfig).toEqual({
      topP: 0.5,
      temperature: 0.9,
      maxOutputTokens: 77,
    })
    const responses = callFrom('openai-responses', '{"model":"gpt-4o","input":"hi"}')
    expect(parsed(responses, target('openai/gpt-4o', { defaults }))).toEqual({
      model: 'gpt-4o',
      input: 'hi',
      temperature: 0.1,
      max_output_tokens: 77,
    })
    const messages = callFrom('anthropic-messages', '{"model":"claude-sonnet-4-5","max_tokens":5,"messages":[]}')
    expect(parsed(messages, target('anthropic/claude-sonnet-4-5', { defaults }))).toMatchObject({
      temperature: 0.1,
      max_tokens: 5,
    })
  })

  test('takes defaults where it says nothing, and extra_body whatever it says', () => {
    const to = target('openai/gpt-4o', {
      defaults: { temperature: 0.1, seed: 7 },
      extraBody: { user: 'u', temperature: 0.5 },
    })
    expect(parsed(callFrom('openai-chat', { model: 'gpt-4o', temperature: 0.9 }), to)).toEqual({
      model: 'gpt-4o',
      temperature: 0.5,
      seed: 7,
      user: 'u',
    })
    const soft = target('openai/gpt-4o', { defaults: { temperature: 0.1 } })
    expect(parsed(callFrom('openai-chat', { model: 'gpt-4o', temperature: 0.9 }), soft).temperature).toBe(0.9)
  })

  test('sends Gemini’s model in the path and leaves its body as it is', () => {
    const call = helloIn('gemini', { stream: true })
    const made = compile(call, target('gemini/gemini-2.5-pro'))
    expect(made.url).toBe(
      'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
    )
    expect(made.body).toBe(call.envelope.bytes)
  })
})

describe('what a provider lacks', () => {
  test('a quirk changes the bytes of its own field and no other', () => {
    const text = `{ "max_completion_tokens": 10,"model":"m", "temperature":1.0, "big":12345678901234567890 }`
    const out = sent(callFrom('openai-chat', text), target('nvidia_nim/m'))
    expect(out).toBe(`{"max_tokens":10, "model":"m", "temperature":1.0, "big":12345678901234567890 }`)
  })

  test('a dropped field is said, and a body that no quirk touches stays as it is', () => {
    const to = target('groq/m')
    const made = compile(callFrom('openai-chat', { model: 'm', logit_bias: { 5: 1 } }), to)
    expect(made.warnings.map(({ kind, path }) => [kind, path])).toEqual([['dropped', 'logit_bias']])
    const plain = callFrom('openai-chat', { model: 'm', temperature: 0 })
    expect(compile(plain, to).body).toBe(plain.envelope.bytes)
  })

  test('what would change the question is refused, or left out where drop_params says so', () => {
    const call = callFrom('openai-chat', { model: 'm', n: 3 })
    expect(() => compile(call, target('groq/m'))).toThrow(GatewayError)
    const made = compile(call, target('groq/m', { dropParams: true }))
    expect([JSON.parse(textOf(made.body)), made.warnings[0]?.path]).toEqual([{ model: 'm' }, 'n'])
  })

  test('sampling goes where the model refuses it, with drop_params and only then', () => {
    const call = callFrom('openai-chat', { model: 'o3-mini', temperature: 0.5, max_tokens: 9 })
    expect(parsed(call, target('openai/o3-mini', { dropParams: true }))).toEqual({
      model: 'o3-mini',
      max_completion_tokens: 9,
    })
    expect(parsed(call, target('openai/o3-mini')).temperature).toBe(0.5)
  })

  test('additional_drop_params are always left out, inner ones too', () => {
    const to = target('openai/gpt-4o', { dropFields: ['user', 'tools[*].function.strict'] })
    const body = { model: 'gpt-4o', user: 'u', tools: [{ type: 'function', function: { name: 'f', strict: true } }] }
    expect(parsed(callFrom('openai-chat', body), to)).toEqual({
      model: 'gpt-4o',
      tools: [{ type: 'function', function: { name: 'f' } }],
    })
  })
})

describe('a call in another format', () => {
  test('is written in the provider’s, with the target’s model, and says what it cannot carry', () => {
    const call = callFrom('openai-chat', {
      model: 'group',
      seed: 7,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hi' },
      ],
    })
    const made = compile(call, target('anthropic/claude-sonnet-4-5'))
    expect(JSON.parse(textOf(made.body))).toMatchObject({ model: 'claude-sonnet-4-5', system: expect.anything() })
    expect([made.format, made.untouched, made.hidesUsage]).toEqual(['anthropic-messages', false, false])
    expect(made.warnings.map(({ path }) => path)).toContain('seed')
    expect(made.headers['x-api-key']).toBe('sk-key-123456')
  })

  test('takes the deployment’s defaults by OpenAI’s names, where it says nothing itself', () => {
    const to = target('anthropic/claude-sonnet-4-5', { defaults: { max_tokens: 77, temperature: 0.1 } })
    expect(parsed(helloIn('openai-chat'), to)).toMatchObject({ max_tokens: 77, temperature: 0.1 })
    const own = callFrom('openai-chat', {
      model: 'm',
      temperature: 0.9,
      messages: [{ role: 'user', content: 'hi' }],
    })
    expect(parsed(own, to).temperature).toBe(0.9)
  })

  test('says nothing of fields that were for the gateway', () => {
    const call = callFrom('openai-chat', {
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      fallbacks: ['a'],
      num_retries: 1,
    })
    for (const to of ['anthropic/claude-sonnet-4-5', 'gemini/gemini-2.5-flash']) {
      const made = compile(call, target(to))
      expect(textOf(made.body)).not.toMatch(/fallbacks|num_retries/)
      expect(made.warnings.map(({ path }) => path).filter((path) => /fallbacks|num_retries/.test(path))).toEqual([])
    }
  })

  test('keeps the vendor headers of its own format to itself', () => {
    const call = { ...helloIn('anthropic-messages'), vendorHeaders: { 'anthropic-beta': 'x' } }
    expect(compile(call, target('openai/gpt-4o')).headers['anthropic-beta']).toBeUndefined()
    expect(compile(call, target('anthropic/claude-x')).headers['anthropic-beta']).toBe('x')
  })

  test('with content that only the vendor holds is refused', () => {
    const call = callFrom('openai-responses', { model: 'm', input: 'hi', previous_response_id: 'resp_1' })
    expect(() => compile(call, target('anthropic/claude-x'))).toThrow(
      expect.objectContaining({ code: 'unsupported' }) as unknown as Error,
    )
  })
})

describe('the format of a call', () => {
  test('is the caller’s own where the provider speaks it, else the provider’s first', () => {
    const openai = target('openai/gpt-4o')
    const deepseek = target('deepseek/deepseek-chat')
    expect(allFormats.map((format) => formatFor(format, openai))).toEqual([
      'openai-chat',
      'openai-responses',
      'openai-chat',
      'openai-chat',
    ])
    expect(allFormats.map((format) => formatFor(format, deepseek))).toEqual([
      'openai-chat',
      'openai-chat',
      'anthropic-messages',
      'openai-chat',
    ])
  })

  test('is one that the model takes, where its profile knows', () => {
    const only = target('openai/gpt-4o', { profile: { formats: ['openai-responses'] } })
    expect(allFormats.map((format) => formatFor(format, only))).toEqual(Array(4).fill('openai-responses'))
    const none = target('openai/gpt-4o', { profile: { formats: ['gemini'] } })
    expect(formatFor('openai-chat', none)).toBe('openai-chat')
  })
})

test('a vendor that takes no call without a key is not called without one', () => {
  expect(() => compile(helloIn('openai-chat'), buildTarget({ model: 'openai/gpt-4o' }, {}))).toThrow(
    expect.objectContaining({ code: 'provider-auth' }) as unknown as Error,
  )
})
