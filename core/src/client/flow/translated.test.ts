import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../kernel/faults.ts'
import type { Frame } from '../../kernel/framing.ts'
import { jsonArray } from '../../kernel/json-array.ts'
import { sse } from '../../kernel/sse.ts'
import { run } from '../../kernel/transducer.ts'
import { allFormats, blocksOf, callFrom, helloIn, textOf, upstream } from '../../testing/calls.ts'
import { checkStream } from '../../testing/grammar/index.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import { flowFor } from '../answer.ts'
import type { Call } from '../call.ts'
import { joinBytes } from '../send.ts'

const cutOff = new GatewayError('provider-unreachable', 'The connection to the provider failed.')
const pairs = allFormats.flatMap((from) => allFormats.filter((to) => to !== from).map((to) => [from, to] as const))

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const wanted = 'think, then call get_weather'

/** A call that makes the fake provider think and call a tool. */
function toolCall(format: FormatId): Call {
  const name = 'get_weather'
  const messages = [{ role: 'user', content: wanted }]
  const bodies: { readonly [F in FormatId]: object } = {
    'openai-chat': {
      model: 'm',
      stream: true,
      messages,
      tools: [{ type: 'function', function: { name, parameters } }],
    },
    'openai-responses': { model: 'm', stream: true, input: wanted, tools: [{ type: 'function', name, parameters }] },
    'anthropic-messages': {
      model: 'm',
      stream: true,
      max_tokens: 50,
      messages,
      tools: [{ name, input_schema: parameters }],
    },
    gemini: {
      contents: [{ role: 'user', parts: [{ text: wanted }] }],
      tools: [{ functionDeclarations: [{ name, parameters }] }],
    },
  }
  return callFrom(format, bodies[format], format === 'gemini' ? { model: 'm', stream: true } : {})
}

async function translate(call: Call, from: FormatId, how: { script?: string; size?: number } = {}) {
  const { compiled, blocks } = await upstream(call, from, how.script)
  const flow = flowFor(call, compiled, { inputEstimate: 11 })
  const given = how.size === undefined ? blocks : blocksOf(joinBytes(blocks), how.size)
  const out = [...given.map((block) => flow.push(block)), flow.end()]
  return { flow, frames: run(sse.read(), out) }
}

const errorsIn = (frames: readonly Frame[]): number =>
  frames.filter(({ data }) => data !== '[DONE]' && /"error":\{|"type":"error"/.test(data)).length
const allText = (frames: readonly Frame[]): string => frames.map(({ data }) => data).join('\n')

describe.each(pairs)('a stream of %s for a caller of %s', (from, to) => {
  test('is legal, says all that was said, and tells the provider’s usage, in blocks of any size', async () => {
    const { flow, frames } = await translate(helloIn(to, { stream: true }), from)
    expect(checkStream[to](frames)).toEqual([])
    expect(allText(frames)).toContain('hello')
    expect(flow.usage()).toMatchObject({ input: 2, output: 3, source: 'provider' })
    expect(flow.failure()).toBeUndefined()
    for (const size of [1, 50]) {
      const again = await translate(helloIn(to, { stream: true }), from, { size })
      expect([checkStream[to](again.frames), again.frames.length]).toEqual([[], frames.length])
    }
  })

  test('is legal with thoughts and a call of a tool, whose arguments arrive', async () => {
    const { frames } = await translate(toolCall(to), from)
    expect(checkStream[to](frames)).toEqual([])
    expect(allText(frames)).toContain('get_weather')
    expect(allText(frames)).toContain('Paris')
  })

  test('that the provider breaks off ends with one error', async () => {
    const { flow, frames } = await translate(helloIn(to, { stream: true }), from, {
      script: 'die-after-content:3+count:9',
    })
    expect(checkStream[to](frames)).toEqual([])
    expect(errorsIn(frames)).toBe(1)
    expect(flow.failure()?.code).toBe('provider-garbled')
    expect(flow.usage()?.source).toBe('counted')
  })

  test('that the line cuts tells one error, and nothing after it', async () => {
    const call = helloIn(to, { stream: true })
    const { compiled, blocks } = await upstream(call, from, 'count:9')
    const bytes = joinBytes(blocks)
    const half = bytes.slice(0, bytes.length >> 1)
    const flow = flowFor(call, compiled, { inputEstimate: 11 })
    const out = [flow.push(half), flow.fail(cutOff)]
    const frames = run(sse.read(), out)
    expect(checkStream[to](frames)).toEqual([])
    expect(errorsIn(frames)).toBe(1)
    expect(allText(frames)).toContain('The connection to the provider failed.')
    const late = [flow.push(bytes.slice(half.length)), flow.end(), flow.fail(cutOff)]
    expect(late.map(({ length }) => length)).toEqual([0, 0, 0])
    expect(flow.failure()).toBe(cutOff)
  })
})

describe('a usage that the caller asked for', () => {
  test.each(allFormats.filter((format) => format !== 'openai-chat'))(
    'is told from %s in OpenAI’s chat format',
    async (from) => {
      const call = callFrom('openai-chat', {
        model: 'm',
        stream: true,
        stream_options: { include_usage: true },
        messages: [{ role: 'user', content: 'hello' }],
      })
      const { frames } = await translate(call, from)
      expect(checkStream['openai-chat'](frames, { includeUsage: true })).toEqual([])
    },
  )
})

describe('a Gemini stream as one JSON array', () => {
  const gemini = helloIn('gemini', { stream: true })
  const asArray = (blocks: readonly Uint8Array[]): { error?: { message: string } }[] =>
    JSON.parse(textOf(joinBytes(blocks)))

  test.each([...allFormats])('from %s is that array, frame by frame', async (from) => {
    const { compiled, blocks } = await upstream(gemini, from)
    const flow = flowFor(gemini, compiled, { framing: jsonArray, inputEstimate: 11 })
    const members = asArray([...blocks.map((block) => flow.push(block)), flow.end()])
    const frames = members.map((member) => ({ data: JSON.stringify(member) }))
    expect(flow.contentType).toBe('application/json')
    expect(checkStream.gemini(frames)).toEqual([])
    expect(allText(frames)).toContain('hello')
    expect(flow.usage()?.output).toBe(3)
  })

  test('from its own format holds the provider’s frames as they are', async () => {
    const { compiled, blocks } = await upstream(gemini, 'gemini')
    const flow = flowFor(gemini, compiled, { framing: jsonArray, inputEstimate: 11 })
    const out = textOf(joinBytes([...blocks.map((block) => flow.push(block)), flow.end()]))
    for (const { data } of run(sse.read(), blocks)) expect(out).toContain(data)
  })

  test.each([...allFormats])(
    'from %s that is cut amid a frame is an array all the same, with one error',
    async (from) => {
      const { compiled, blocks } = await upstream(gemini, from, 'count:9')
      const bytes = joinBytes(blocks)
      for (const end of [bytes.length >> 1, (bytes.length >> 1) + 7, (bytes.length >> 1) + 40]) {
        const flow = flowFor(gemini, compiled, { framing: jsonArray, inputEstimate: 11 })
        const members = asArray([flow.push(bytes.slice(0, end)), flow.fail(cutOff)])
        expect(members.filter(({ error }) => error !== undefined).length).toBe(1)
        expect(members.at(-1)?.error?.message).toBe(cutOff.message)
      }
    },
  )
})
