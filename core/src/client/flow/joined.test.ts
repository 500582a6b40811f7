import { describe, expect, test } from 'bun:test'
import { helloIn } from '../../testing/calls.ts'
import type { ChatEvent } from '../../vocabulary/chat-event.ts'
import { fold } from '../../vocabulary/fold.ts'
import { usageOf } from '../../vocabulary/usage.ts'
import { continuing } from './continue-call.ts'
import { seam } from './seam.ts'
import { sumUsage } from './sum-usage.ts'

const begin = (id: string): ChatEvent => ({ type: 'response-start', id, model: 'm', createdAt: 1 })
const open: ChatEvent = { type: 'text-start', choice: 0, part: 0 }
const say = (text: string): ChatEvent => ({ type: 'text-delta', choice: 0, part: 0, text })

/** The text that comes of two answers, told in these pieces. */
function joined(first: readonly string[], second: readonly string[]): string {
  const join = seam()
  const events = [begin('a'), open, ...first.map(say)].flatMap((event) => join.push(event))
  join.next()
  events.push(...[begin('b'), open, ...second.map(say)].flatMap((event) => join.push(event)))
  const [choice] = fold(events).choices
  expect(events.filter(({ type }) => type === 'response-start' || type === 'text-start').length).toBe(2)
  return choice?.content.map((part) => (part.type === 'text' ? part.text : '')).join('|') ?? ''
}

describe('two answers as one', () => {
  test.each([
    [['one '], ['two'], 'one two'],
    [['one '], [' two'], 'one two'],
    [['one'], [' two'], 'one two'],
    [['one \n'], [' ', '\n', 'two'], 'one \ntwo'],
    [['one \n'], [' ', 'two'], 'one \ntwo'],
    [['one '], ['  two'], 'one  two'],
  ])('%j and %j are %j', (first, second, text) => {
    expect(joined(first, second)).toBe(text)
  })

  test('are two parts where the second does not begin with text', () => {
    const join = seam()
    for (const event of [begin('a'), open, say('one')]) join.push(event)
    join.next()
    const call = { type: 'tool-start', choice: 0, part: 0, id: 't', name: 'f', kind: 'function' } as const
    expect(join.push(call)).toEqual([
      { type: 'text-end', choice: 0, part: 0 },
      { ...call, part: 1 },
    ])
    expect(join.soFar()).toBeUndefined()
  })

  test('may be three', () => {
    const join = seam()
    for (const event of [begin('a'), open, say('one ')]) join.push(event)
    join.next()
    for (const event of [begin('b'), open, say(' two')]) join.push(event)
    expect(join.soFar()).toBe('one two')
  })

  test.each<[string, ChatEvent]>([
    ['thought', { type: 'reasoning-start', choice: 0, part: 0 }],
    ['a call of a tool', { type: 'tool-start', choice: 0, part: 0, id: 't', name: 'f', kind: 'function' }],
    ['an end', { type: 'choice-end', choice: 0, finish: { reason: 'stop' } }],
    ['a second choice', { type: 'text-start', choice: 1, part: 0 }],
  ])('are not, after %s', (_, event) => {
    const join = seam()
    for (const one of [begin('a'), open, say('one'), event]) join.push(one)
    expect(join.soFar()).toBeUndefined()
  })

  test('have used what both used', () => {
    const [a, b] = [
      usageOf({ input: 10, cacheRead: 4, output: 2 }),
      usageOf({ input: 5, output: 3, source: 'counted' }),
    ]
    expect(sumUsage([a, b])).toMatchObject({ input: 15, fresh: 11, cacheRead: 4, output: 5, source: 'counted' })
    expect(sumUsage([a])).toBe(a)
  })
})

describe('the call for the rest', () => {
  test.each(['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini'] as const)(
    'ends with the text so far in %s, and reads as what was asked before it',
    (format) => {
      const rest = continuing(helloIn(format, { stream: true }), 'one two ')
      const messages = rest?.request().value.messages ?? []
      expect(messages.at(-1)).toMatchObject({ role: 'assistant', content: [{ type: 'text', text: 'one two' }] })
      expect(messages.length).toBe(helloIn(format, { stream: true }).request().value.messages.length + 1)
      expect(rest?.stream).toBe(true)
    },
  )
})
