import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { applyQuirks, quirksTouch } from './apply-quirks.ts'
import type { Quirk } from './provider.ts'
import {
  dropCacheMarks,
  dropEmptyAssistant,
  dropMessageFields,
  dropNulls,
  joinText,
  markPrefix,
  nineCharacterIds,
  videoUrls,
} from './quirks/messages.ts'
import { modelAsUrl } from './quirks/model-name.ts'
import { dropTextFormat, jsonBySchema, schemaInPlace } from './quirks/output.ts'
import { fillReasoning, thinkingSwitch } from './quirks/reasoning.ts'
import { serviceTiers, temperatureForMany } from './quirks/sampling.ts'
import {
  askForTool,
  choiceAutoOrNone,
  dropAdditionalProperties,
  dropStrict,
  inlineReferences,
  requiredIsAny,
} from './quirks/tools.ts'

const why = 'a test'

/** Applies quirks to a frozen body, so that any change to what the caller holds throws. */
function fit(body: JsonObject, ...quirks: Quirk[]) {
  return applyQuirks(frozen(body), quirks)
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) frozen(member)
    Object.freeze(value)
  }
  return value
}

const tool = (parameters: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'function',
  function: { name: 'f', ...more, parameters },
})

describe('drop', () => {
  test('removes fields and says so', () => {
    const { body, warnings } = fit({ a: 1, seed: 7 }, { kind: 'drop', fields: ['seed', 'user'], why })
    expect(body).toEqual({ a: 1 })
    expect(warnings).toEqual([{ kind: 'dropped', path: 'seed', why }])
  })

  test('says nothing of values that ask for nothing', () => {
    const quirk = {
      kind: 'drop',
      fields: ['logprobs', 'frequency_penalty', 'logit_bias', 'user', 'stream_options'],
      why,
    } as const
    const { body, warnings } = fit(
      { logprobs: false, frequency_penalty: 0, logit_bias: {}, user: null, stream_options: { include_usage: true } },
      quirk,
    )
    expect(body).toEqual({})
    expect(warnings).toEqual([])
  })

  test('reaches into objects and lists by path', () => {
    const given = { tools: [tool({}, { strict: true }), tool({})], metadata: { a: 1, b: 2 }, stop: ['x', 'y'] }
    const fields = ['tools[*].function.strict', 'metadata.a', 'stop[0]', 'metadata.none.deeper', 'absent[*].x']
    const { body, warnings } = fit(given, { kind: 'drop', fields, why })
    expect(body).toEqual({ tools: [tool({}), tool({})], metadata: { b: 2 }, stop: ['y'] })
    expect(warnings.map(({ path }) => path)).toEqual(['tools[*].function.strict', 'metadata.a', 'stop[0]'])
  })
})

describe('refuse', () => {
  const quirk = { kind: 'refuse', fields: ['tools', 'n', 'response_format'], why } as const

  test('fails what would change the meaning, naming the field', () => {
    expect(() => fit({ tools: [tool({})] }, quirk)).toThrow(GatewayError)
    try {
      fit({ n: 2 }, quirk)
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'unsupported', detail: { param: 'n' } })
    }
  })

  test('lets go what asks for nothing', () => {
    const { body, warnings } = fit({ tools: [], n: 1, response_format: { type: 'text' } }, quirk)
    expect(body).toEqual({})
    expect(warnings).toEqual([])
  })

  test('drops with a warning where the deployment says so', () => {
    const { body, warnings } = applyQuirks({ n: 2, a: 1 }, [quirk], { dropUnsupported: true })
    expect(body).toEqual({ a: 1 })
    expect(warnings).toEqual([{ kind: 'dropped', path: 'n', why }])
  })
})

describe('rename, default and clamp', () => {
  const rename = { kind: 'rename', from: 'max_completion_tokens', to: 'max_tokens', why } as const

  test('a renamed field keeps its value, and a field already there wins aloud', () => {
    expect(fit({ max_completion_tokens: 5 }, rename)).toEqual({ body: { max_tokens: 5 }, warnings: [] })
    const both = fit({ max_completion_tokens: 5, max_tokens: 7 }, rename)
    expect(both.body).toEqual({ max_tokens: 7 })
    expect(both.warnings).toMatchObject([{ kind: 'dropped', path: 'max_completion_tokens' }])
    expect(fit({ max_completion_tokens: 5, max_tokens: 5 }, rename).warnings).toEqual([])
  })

  test('a default fills what is absent alone', () => {
    const quirk = { kind: 'default', field: 'a', value: 1, why } as const
    expect(fit({}, quirk).body).toEqual({ a: 1 })
    expect(fit({ a: 2 }, quirk).body).toEqual({ a: 2 })
  })

  test('a clamp moves what is outside and says so', () => {
    const quirk = { kind: 'clamp', field: 'temperature', min: 0, max: 1, why } as const
    expect(fit({ temperature: 1.5 }, quirk)).toEqual({
      body: { temperature: 1 },
      warnings: [{ kind: 'adjusted', path: 'temperature', why }],
    })
    expect(fit({ temperature: 0.5 }, quirk).warnings).toEqual([])
    expect(fit({ temperature: 'hot' }, quirk).body).toEqual({ temperature: 'hot' })
  })
})

describe('rewrites of messages', () => {
  const say = (...messages: JsonObject[]): JsonObject => ({ messages })
  const text = (value: string): JsonObject => ({ type: 'text', text: value })
  const image: JsonObject = { type: 'image_url', image_url: { url: 'https://x.example/a.png' } }

  test('text lists become strings, lists with media stay', () => {
    const { body, warnings } = fit(
      say({ role: 'user', content: [text('a'), text('b')] }, { role: 'user', content: [text('a'), image] }),
      joinText,
    )
    expect(body).toEqual(say({ role: 'user', content: 'ab' }, { role: 'user', content: [text('a'), image] }))
    expect(warnings).toEqual([])
  })

  test('a body that needs no rewrite is the same value', () => {
    const messages = frozen([{ role: 'user', content: 'a' }])
    for (const quirk of [
      joinText,
      dropCacheMarks,
      dropEmptyAssistant,
      nineCharacterIds,
      fillReasoning,
      videoUrls,
      markPrefix,
      dropNulls(),
    ])
      expect(applyQuirks({ messages }, [quirk]).body.messages).toBe(messages)
  })

  test('names go, but for roles that keep them, and the loss is told', () => {
    const given = say({ role: 'user', name: 'ann', content: 'a' }, { role: 'tool', name: 'f', content: 'b' })
    const { body, warnings } = fit(given, dropMessageFields(['name'], { unless: ['tool'] }))
    expect(body).toEqual(say({ role: 'user', content: 'a' }, { role: 'tool', name: 'f', content: 'b' }))
    expect(warnings).toMatchObject([{ kind: 'adjusted', path: 'messages' }])
  })

  test('cache marks go from messages, parts and tools', () => {
    const mark = { cache_control: { type: 'ephemeral' } }
    const given = {
      messages: [{ role: 'user', ...mark, content: [{ ...text('a'), ...mark }] }],
      tools: [{ ...tool({}), ...mark }],
    }
    expect(fit(given, dropCacheMarks).body).toEqual({
      messages: [{ role: 'user', content: [text('a')] }],
      tools: [tool({})],
    })
  })

  test('nulls and empty assistant messages go', () => {
    const given = say({ role: 'assistant', content: null, audio: null }, { role: 'user', content: 'a', name: null })
    expect(fit(given, dropNulls('assistant')).body).toEqual(
      say({ role: 'assistant' }, { role: 'user', content: 'a', name: null }),
    )
    expect(fit(given, dropNulls(), dropEmptyAssistant).body).toEqual(say({ role: 'user', content: 'a' }))
    const calling = say({ role: 'assistant', content: '', tool_calls: [{ id: '1' }] })
    expect(fit(calling, dropEmptyAssistant).body).toEqual(calling)
  })

  test('a closing assistant message is marked as the beginning of the answer', () => {
    expect(
      fit(say({ role: 'user', content: 'a' }, { role: 'assistant', content: '{' }), markPrefix).body.messages,
    ).toEqual([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: '{', prefix: true },
    ])
    const asking = say({ role: 'assistant', content: 'a' }, { role: 'user', content: 'b' })
    expect(fit(asking, markPrefix).body).toEqual(asking)
  })

  test('tool-call ids become nine characters, alike in call and result, different from one another', () => {
    const given = say(
      { role: 'assistant', tool_calls: [{ id: 'call_abc' }, { id: 'call_abd' }, { id: 'Abc123xyz' }] },
      { role: 'tool', tool_call_id: 'call_abc', content: 'x' },
    )
    const [called, result] = fit(given, nineCharacterIds).body.messages as [
      { tool_calls: { id: string }[] },
      { tool_call_id: string },
    ]
    const ids = called.tool_calls.map(({ id }) => id)
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9]{9}$/)
    expect(new Set(ids).size).toBe(3)
    expect(ids[2]).toBe('Abc123xyz')
    expect(result.tool_call_id).toBe(ids[0] ?? '')
  })

  test('video files become video_url parts, other files stay', () => {
    const file = (data: string): JsonObject => ({ type: 'file', file: { file_data: data } })
    const given = say({
      role: 'user',
      content: [file('data:video/mp4;base64,AA'), file('data:application/pdf;base64,AA')],
    })
    expect(fit(given, videoUrls).body).toEqual(
      say({
        role: 'user',
        content: [
          { type: 'video_url', video_url: { url: 'data:video/mp4;base64,AA' } },
          file('data:application/pdf;base64,AA'),
        ],
      }),
    )
  })

  test('reasoning is filled in where tools are called without', () => {
    const calls = { role: 'assistant', tool_calls: [{ id: '1' }] }
    const given = say(calls, { ...calls, reasoning_content: 'because' }, { role: 'assistant', content: 'done' })
    expect(fit(given, fillReasoning).body).toEqual(
      say(
        { ...calls, reasoning_content: ' ' },
        { ...calls, reasoning_content: 'because' },
        { role: 'assistant', content: 'done' },
      ),
    )
  })
})

describe('rewrites of tools', () => {
  test('tool_choice is renamed, refused or asked for in words', () => {
    expect(fit({ tool_choice: 'required' }, requiredIsAny)).toEqual({ body: { tool_choice: 'any' }, warnings: [] })
    const named = { tool_choice: { type: 'function', function: { name: 'f' } } }
    expect(fit(named, requiredIsAny).body).toEqual(named)
    expect(() => fit(named, choiceAutoOrNone)).toThrow('tool_choice')
    expect(fit({ tool_choice: 'none' }, choiceAutoOrNone).body).toEqual({ tool_choice: 'none' })
    const { body, warnings } = fit({ tool_choice: 'required', messages: [] }, askForTool)
    expect(body.tool_choice).toBe('auto')
    expect(body.messages).toMatchObject([{ role: 'user' }])
    expect(warnings).toMatchObject([
      { kind: 'emulated', path: 'tool_choice' },
      { kind: 'emulated', path: 'messages' },
    ])
  })

  test('strict and additionalProperties go from schemas', () => {
    const deep = {
      type: 'object',
      additionalProperties: false,
      properties: { a: { type: 'object', additionalProperties: true } },
    }
    const { body, warnings } = fit({ tools: [tool(deep, { strict: true })] }, dropStrict, dropAdditionalProperties)
    expect(body).toEqual({ tools: [tool({ type: 'object', properties: { a: { type: 'object' } } })] })
    expect(warnings.map(({ kind, path }) => `${kind} ${path}`)).toEqual(['adjusted tools', 'adjusted tools'])
  })

  test('references are written out', () => {
    const schema = {
      type: 'object',
      properties: { at: { $ref: '#/$defs/Place', description: 'where' }, from: { $ref: '#/definitions/City' } },
      $defs: { Place: { type: 'object', properties: { city: { $ref: '#/definitions/City' } } } },
      definitions: { City: { type: 'string' } },
    }
    const city = { type: 'string' }
    expect(fit({ tools: [tool(schema)] }, inlineReferences).body).toEqual({
      tools: [
        tool({
          type: 'object',
          properties: { at: { type: 'object', properties: { city }, description: 'where' }, from: city },
        }),
      ],
    })
  })

  test('a schema within itself keeps its definitions', () => {
    const node = { type: 'object', properties: { next: { $ref: '#/$defs/Node' } } }
    const schema = { $ref: '#/$defs/Node', $defs: { Node: node } }
    expect(fit({ tools: [tool(schema)] }, inlineReferences).body).toEqual({
      tools: [tool({ ...node, $defs: { Node: node } })],
    })
  })

  test('definitions that double at each step do not grow without end', () => {
    const $defs: Record<string, JsonObject> = { d40: { type: 'string' } }
    for (let at = 0; at < 40; at++) {
      const $ref = `#/$defs/d${at + 1}`
      $defs[`d${at}`] = { type: 'object', properties: { a: { $ref }, b: { $ref } } }
    }
    const { body } = fit({ tools: [tool({ $ref: '#/$defs/d0', $defs })] }, inlineReferences)
    expect(JSON.stringify(body).length).toBeLessThan(1_000_000)
  })
})

describe('other rewrites', () => {
  test('output shapes', () => {
    expect(fit({ response_format: { type: 'text' } }, dropTextFormat)).toMatchObject({ warnings: [] })
    expect(JSON.stringify(fit({ response_format: { type: 'text' } }, dropTextFormat).body)).toBe('{}')
    const asked = fit({ response_format: { type: 'json_object' } }, jsonBySchema)
    expect(asked.body.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'object', schema: { type: 'object' } },
    })
    expect(asked.warnings).toMatchObject([{ kind: 'emulated', path: 'response_format' }])
    const schema = { type: 'object', properties: {} }
    expect(
      fit({ response_format: { type: 'json_object', response_schema: schema } }, schemaInPlace).body.response_format,
    ).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', schema },
    })
  })

  test('effort switches thinking', () => {
    expect(fit({ reasoning_effort: 'none' }, thinkingSwitch).body).toEqual({ thinking: { type: 'disabled' } })
    expect(fit({ reasoning_effort: 'high' }, thinkingSwitch).body).toEqual({
      reasoning_effort: 'high',
      thinking: { type: 'enabled' },
    })
    const own = { reasoning_effort: 'high', thinking: { type: 'disabled' } }
    expect(fit(own, thinkingSwitch).body).toEqual(own)
  })

  test('sampling, tiers and model names', () => {
    const many = fit({ n: 2, temperature: 0.1 }, temperatureForMany(0.3))
    expect(many.body).toEqual({ n: 2, temperature: 0.3 })
    expect(many.warnings).toMatchObject([{ kind: 'adjusted', path: 'temperature' }])
    expect(fit({ n: 1, temperature: 0.1 }, temperatureForMany(0.3)).warnings).toEqual([])
    expect(fit({ service_tier: 'priority' }, serviceTiers('auto', 'flex')).body).toEqual({ service_tier: 'auto' })
    expect(fit({ service_tier: 'flex' }, serviceTiers('auto', 'flex')).body).toEqual({ service_tier: 'flex' })
    expect(fit({ model: 'openai.chat.gpt-4o' }, modelAsUrl).body).toEqual({
      model: 'https://clarifai.com/openai/chat/models/gpt-4o',
    })
    expect(fit({ model: 'https://clarifai.com/a/b/models/c' }, modelAsUrl).body).toEqual({
      model: 'https://clarifai.com/a/b/models/c',
    })
  })
})

describe('quirksTouch', () => {
  const quirks: Quirk[] = [
    { kind: 'drop', fields: ['tools[*].function.strict', 'seed'], why },
    { kind: 'rename', from: 'a', to: 'b', why },
  ]

  test('tells whether a body concerns any quirk', () => {
    expect(quirksTouch(quirks, ['model', 'messages'])).toBe(false)
    expect(quirksTouch(quirks, ['model', 'tools'])).toBe(true)
    expect(quirksTouch(quirks, new Map([['seed', 1]]))).toBe(true)
    expect(quirksTouch(quirks, new Set(['b']))).toBe(false)
    expect(quirksTouch(quirks, new Set(['a']))).toBe(true)
    expect(quirksTouch([], ['a'])).toBe(false)
    expect(quirksTouch([{ kind: 'default', field: 'x', value: 1, why }], ['a'])).toBe(true)
    expect(quirksTouch([{ kind: 'default', field: 'x', value: 1, why }], ['x'])).toBe(false)
    expect(quirksTouch([joinText], ['messages'])).toBe(true)
  })

  test('a body it does not touch would come out as it was', () => {
    const body = { model: 'm', messages: [] }
    expect(applyQuirks(body, quirks)).toEqual({ body, warnings: [] })
  })
})
