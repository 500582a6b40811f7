import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../kernel/faults.ts'
import { sse } from '../../kernel/sse.ts'
import { run } from '../../kernel/transducer.ts'
import { allFormats, blocksOf, callFrom, helloIn, textOf, upstream } from '../../testing/calls.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import { joinBytes } from '../send.ts'
import { untouchedFlow } from './untouched.ts'

const encoder = new TextEncoder()
const cutOff = new GatewayError('provider-unreachable', 'The connection to the provider failed.')

/** A call whose stream tells its usage. */
const asking = (format: FormatId) =>
  format === 'openai-chat'
    ? callFrom(format, {
        model: 'm',
        stream: true,
        stream_options: { include_usage: true },
        messages: [{ role: 'user', content: 'hello' }],
      })
    : helloIn(format, { stream: true })

/** Passes blocks through a flow and hands back both. */
function through(format: FormatId, blocks: readonly Uint8Array[]) {
  const flow = untouchedFlow(format, 11)
  const out = [...blocks.map((block) => flow.push(block)), flow.end()]
  return { flow, out: joinBytes(out) }
}

/** The text with something put behind its n-th frame. */
function insertAfter(text: string, frame: number, what: string): string {
  const frames = text.split(/(?<=\r?\n\r?\n)/)
  return [...frames.slice(0, frame), what, ...frames.slice(frame)].join('')
}

describe.each([...allFormats])('an untouched stream in %s', (format) => {
  test('goes through byte by byte, and its usage is the provider’s, however it is cut', async () => {
    const { blocks } = await upstream(asking(format), format)
    const whole = joinBytes(blocks)
    for (const size of [1, 7, 100, whole.length]) {
      const { flow, out } = through(format, blocksOf(whole, size))
      expect(out).toEqual(whole)
      expect(flow.usage()).toMatchObject({ input: 2, output: 3, source: 'provider' })
      expect(flow.failure()).toBeUndefined()
    }
  })

  test('is not read in its middle', async () => {
    const { blocks } = await upstream(asking(format), format, 'count:9')
    const newline = format === 'gemini' ? '\r\n' : '\n'
    const text = insertAfter(textOf(joinBytes(blocks)), 4, `data: {"not JSON${newline}${newline}`)
    const { flow, out } = through(format, [encoder.encode(text)])
    expect(textOf(out)).toBe(text)
    expect(flow.usage()).toMatchObject({ input: 2, output: 9, source: 'provider' })
    expect(flow.failure()).toBeUndefined()
  })

  test('that is cut short counts what was delivered and says so', async () => {
    const { blocks } = await upstream(asking(format), format, 'die-after-content:12+count:40')
    const { flow } = through(format, blocks)
    const usage = flow.usage()
    expect(usage?.source).toBe('counted')
    expect(usage?.output).toBeGreaterThanOrEqual(12)
    expect(usage?.input).toBe(['anthropic-messages', 'gemini'].includes(format) ? 2 : 11)
    expect(flow.failure()?.code).toBe('provider-garbled')
  })

  test('of more than is kept is metered all the same', async () => {
    const { blocks } = await upstream(asking(format), format, 'count:4000')
    const whole = joinBytes(blocks)
    expect(whole.length).toBeGreaterThan(300_000)
    const { flow, out } = through(format, blocks)
    expect(Bun.hash(out)).toBe(Bun.hash(whole))
    expect(flow.usage()).toMatchObject({ input: 2, output: 4000, source: 'provider' })
    const cut = through(format, blocks.slice(0, 3500))
    expect(cut.flow.usage()?.source).toBe('counted')
    expect(cut.flow.usage()?.output).toBeGreaterThanOrEqual(3400)
  })

  test('that is cut says so with one error, in a frame of its own', async () => {
    const { blocks } = await upstream(asking(format), format, 'count:9')
    const whole = textOf(joinBytes(blocks))
    const frames = whole.split(/(?<=\r?\n\r?\n)/)
    const clean = frames.slice(0, 4).join('')
    for (const sent of [clean, clean + (frames[4] ?? '').slice(0, -9), clean.slice(0, -1)]) {
      const flow = untouchedFlow(format, 11)
      const out = textOf(flow.push(encoder.encode(sent))) + textOf(flow.fail(cutOff))
      expect(out.startsWith(sent)).toBe(true)
      const after = out.slice(sent.length)
      expect(after.split('The connection to the provider failed.').length).toBe(2)
      const last = run(sse.read(), [encoder.encode(out)]).at(-1)
      expect(JSON.stringify(JSON.parse(last?.data ?? ''))).toContain('The connection to the provider failed.')
    }
  })

  test('without any word of usage is counted', async () => {
    const { blocks } = await upstream(asking(format), format, 'no-usage')
    const { flow } = through(format, blocks)
    expect(flow.usage()?.source).toBe('counted')
    expect(flow.usage()?.output).toBeGreaterThan(0)
  })
})

describe('an untouched stream', () => {
  test('that tells its usage and then fails has failed', () => {
    const chunk = (delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({
        id: '1',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'm',
        choices: [{ index: 0, delta, finish_reason: finish }],
        usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
      })}\n\n`
    const text = `${chunk({ role: 'assistant' })}${chunk({ content: 'Hi' })}data: {"error":{"message":"overloaded","code":503}}\n\n`
    const { flow } = through('openai-chat', [encoder.encode(text)])
    expect(flow.failure()?.message).toBe('overloaded')
    expect(flow.usage()).toMatchObject({ input: 5, output: 1 })
  })

  test('that tells of its failure and its usage in one frame has failed', async () => {
    const failed = {
      type: 'response.failed',
      sequence_number: 1,
      response: {
        id: 'resp_1',
        object: 'response',
        created_at: 1,
        model: 'm',
        status: 'failed',
        output: [],
        error: { code: 'server_error', message: 'it broke' },
        usage: { input_tokens: 5, output_tokens: 1, total_tokens: 6 },
      },
    }
    const text = `event: response.failed\ndata: ${JSON.stringify(failed)}\n\n`
    const { flow } = through('openai-responses', [encoder.encode(text)])
    expect(flow.failure()?.message).toBe('it broke')
  })

  test('takes an explicit zero for a value, and words of usage in the answer for words', () => {
    const said = JSON.stringify({
      id: '1',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { content: 'say "usage":{"prompt_tokens":99}' }, finish_reason: 'stop' }],
    })
    const told = '{"id":"1","choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}'
    const { flow } = through('openai-chat', [encoder.encode(`data: ${said}\n\ndata: ${told}\n\ndata: [DONE]\n\n`)])
    expect(flow.usage()).toMatchObject({ input: 0, output: 0, source: 'provider' })
  })

  test('knows the tier that served it', async () => {
    const { blocks } = await upstream(asking('openai-chat'), 'openai-chat')
    expect(through('openai-chat', blocks).flow.serviceTier()).toBe('default')
  })
})
