import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../kernel/faults.ts'
import { sse } from '../../kernel/sse.ts'
import { run } from '../../kernel/transducer.ts'
import { blocksOf, helloIn, textOf, upstream } from '../../testing/calls.ts'
import { checkStream } from '../../testing/grammar/index.ts'
import { joinBytes } from '../send.ts'
import { hideUsage } from './hidden-usage.ts'
import { untouchedFlow } from './untouched.ts'

const encoder = new TextEncoder()

const content = (text: string, more = '') =>
  `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}},"finish_reason":null}]${more}}\n\n`
const usageFrame =
  'data: {"id":"c","choices":[], "usage" : {"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}\n\n'
const visible = `: PROCESSING\n\n${content('Grüße 😀')}${content('"usage":{"x":1}, "choices":[]', ',"usage":null')}${content('!', ',"usage":{"prompt_tokens":5}')}`
const done = 'data: [DONE]\n\n'

function pass(blocks: readonly Uint8Array[]) {
  const flow = hideUsage(untouchedFlow('openai-chat', 9))
  const out = textOf(joinBytes([...blocks.map((block) => flow.push(block)), flow.end()]))
  return { out, usage: flow.usage() }
}

const endings: readonly (readonly [string, (text: string) => string])[] = [
  ['line feeds', (text) => text],
  ['carriage returns before line feeds', (text) => text.replaceAll('\n', '\r\n')],
]

describe.each([...endings])('the usage that only we asked for, with %s', (_name, ended) => {
  const before = ended(visible)
  const bytes = encoder.encode(before + ended(usageFrame) + ended(done))

  test('is gone wherever the bytes are cut in two, and all else is as it was', () => {
    for (let at = 0; at <= bytes.length; at++) {
      const { out } = pass([bytes.slice(0, at), bytes.slice(at)])
      if (out !== before + ended(done)) expect([at, out]).toEqual([at, before + ended(done)])
    }
  })

  test('is gone with any size of blocks, and is told nonetheless', () => {
    for (const size of [1, 2, 3, 5, 64, 1000]) {
      const { out, usage } = pass(blocksOf(bytes, size))
      expect(out).toBe(before + ended(done))
      expect(usage).toMatchObject({ input: 5, output: 2, source: 'provider' })
    }
  })
})

describe('a stream without our usage', () => {
  test('of the fake provider is legal for a caller who asked for none', async () => {
    const { compiled, blocks } = await upstream(helloIn('openai-chat', { stream: true }), 'openai-chat')
    expect(compiled.hidesUsage).toBe(true)
    expect(textOf(joinBytes(blocks))).toContain('"choices":[]')
    expect(checkStream['openai-chat'](run(sse.read(), [encoder.encode(pass(blocks).out)]))).toEqual([])
  })

  test('may end with the usage frame, without its blank line', () => {
    expect(pass([encoder.encode(visible + usageFrame.trimEnd())]).out).toBe(visible)
    expect(pass([encoder.encode(visible + done.trimEnd())]).out).toBe(visible + done.trimEnd())
  })

  test('keeps a byte order mark', () => {
    const flow = hideUsage(untouchedFlow('openai-chat', 9))
    const out = flow.push(encoder.encode(`\ufeff${visible}${usageFrame}${done}`))
    expect(out).toEqual(encoder.encode(`\ufeff${visible}${done}`))
  })

  test('that fails lets go of the frame that was cut, and tells one error', () => {
    const flow = hideUsage(untouchedFlow('openai-chat', 9))
    const sent = textOf(flow.push(encoder.encode(visible + usageFrame.slice(0, 30))))
    const failed = textOf(flow.fail(new GatewayError('provider-unreachable', 'gone')))
    const frames = run(sse.read(), [encoder.encode(sent + failed)])
    expect(sent).toBe(visible)
    expect(frames.length).toBe(4)
    expect(JSON.parse(frames[3]?.data ?? '').error.message).toBe('gone')
  })
})
