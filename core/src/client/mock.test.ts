import { describe, expect, test } from 'bun:test'
import { sse } from '../kernel/sse.ts'
import { run } from '../kernel/transducer.ts'
import { allFormats, callFrom, helloIn, textOf } from '../testing/calls.ts'
import { checkStream } from '../testing/grammar/index.ts'
import { answerWhole, flowFor } from './answer.ts'
import { echo } from './build-target.ts'
import { mockReply } from './mock.ts'

describe.each([...allFormats])('a mock in %s', (format) => {
  test('answers whole with its text and usage', () => {
    const call = helloIn(format)
    const { reply } = mockReply(call, 'Nice weather.')
    if (reply.kind !== 'whole') throw new Error('not whole')
    const { bytes, usage } = answerWhole(call, reply)
    expect(textOf(bytes)).toContain('Nice weather.')
    expect([usage?.input, usage?.output]).toEqual([2, 4])
  })

  test('streams word by word, legally, and tells its usage', () => {
    const call = helloIn(format, { stream: true })
    const { compiled, reply } = mockReply(call, 'Nice weather today.')
    if (reply.kind !== 'stream') throw new Error('not a stream')
    const flow = flowFor(call, compiled, { inputEstimate: 1 })
    const frames = run(sse.read(), [...reply.head.map((block) => flow.push(block)), flow.end()])
    expect(checkStream[format](frames)).toEqual([])
    expect(frames.some(({ data }) => data.includes('Nice weather'))).toBe(format === 'openai-responses')
    expect(flow.usage()?.output).toBe(5)
  })
})

describe('a mock', () => {
  test('echo says the last words of the user', () => {
    const call = callFrom('openai-chat', {
      model: 'turnpike/echo',
      messages: [
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'two' },
        { role: 'user', content: [{ type: 'text', text: 'three' }] },
      ],
    })
    const { reply } = mockReply(call, echo)
    if (reply.kind !== 'whole') throw new Error('not whole')
    expect(textOf(reply.bytes)).toContain('"Echo: three"')
  })

  test.each([
    ['litellm.RateLimitError', 'provider-limit', 429],
    ['litellm.ContextWindowExceededError', 'context-overflow', 400],
    ['litellm.ContentPolicyViolationError', 'content-policy', 400],
    ['litellm.InternalServerError', 'provider-failed', 500],
  ])('named %s fails as %s', (text, code, status) => {
    expect(() => mockReply(helloIn('openai-chat'), text)).toThrow(
      expect.objectContaining({ code, status }) as unknown as Error,
    )
  })

  test('may say any word, those that objects know included', () => {
    const { reply } = mockReply(helloIn('openai-chat'), 'constructor')
    if (reply.kind !== 'whole') throw new Error('not whole')
    expect(textOf(reply.bytes)).toContain('"constructor"')
  })
})
