import { describe, expect, test } from 'bun:test'
import { formatOf } from '../../formats/index.ts'
import { toolNames } from '../../formats/tool-names.ts'
import { run } from '../../kernel/transducer.ts'
import type { ChatEvent } from '../../vocabulary/chat-event.ts'
import type { ChatRequest, Tool } from '../../vocabulary/chat-request.ts'
import type { ChatResponse } from '../../vocabulary/chat-response.ts'
import { noUsage } from '../../vocabulary/usage.ts'
import { dated, restoringEvents, restoringResponse } from './restore.ts'

const asking = (...tools: Tool[]): ChatRequest => ({ model: 'm', messages: [], tools })
const at = { choice: 0, part: 0 } as const
const start = (name: string): ChatEvent => ({ type: 'tool-start', ...at, id: 'c1', name, kind: 'function' })
const delta = (input: string): ChatEvent => ({ type: 'tool-delta', ...at, input })
const end: ChatEvent = { type: 'tool-end', ...at }

const answer = (name: string, input: string): ChatResponse => ({
  id: 'r',
  model: 'm',
  createdAt: 5,
  choices: [
    {
      index: 0,
      content: [{ type: 'tool-call', id: 'c1', name, kind: 'function', input }],
      finish: { reason: 'tool-calls' },
    },
  ],
  usage: noUsage,
})

describe('names of tools', () => {
  const odd = { type: 'function', name: 'files/read all.of it' } as const
  const wire = toolNames([odd], formatOf('anthropic-messages').wire.toolNames).wire(odd.name)

  test('that the format could not carry come back, in streams and in whole answers', () => {
    expect(wire).not.toBe(odd.name)
    const events = run(restoringEvents(asking(odd), 'anthropic-messages'), [start(wire), delta('{}'), end])
    expect(events[0]).toMatchObject({ type: 'tool-start', name: odd.name, kind: 'function' })
    expect(events.slice(1)).toEqual([delta('{}'), end])
    const whole = restoringResponse(asking(odd), 'anthropic-messages', answer(wire, '{}'))
    expect(whole.choices[0]?.content[0]).toMatchObject({ name: odd.name, input: '{}' })
  })

  test('that nobody declared stay as the provider wrote them', () => {
    expect(run(restoringEvents(asking(odd), 'anthropic-messages'), [start('other')])[0]).toMatchObject({
      name: 'other',
    })
  })

  test('in a namespace come back with it', () => {
    const inside = { type: 'function', name: 'read', namespace: 'files' } as const
    const name = toolNames([inside], formatOf('openai-chat').wire.toolNames).wire('read', 'files')
    expect(run(restoringEvents(asking(inside), 'openai-chat'), [start(name)])[0]).toMatchObject({
      name: 'read',
      namespace: 'files',
    })
  })
})

describe('the free text of a custom tool', () => {
  const patch = { type: 'custom', name: 'patch' } as const

  test('comes out of its wrapping, whole, wherever its JSON was cut', () => {
    const input = '{"input":"*** Begin\\n\\"quoted\\""}'
    for (let cut = 0; cut <= input.length; cut++) {
      const parts = [start('patch'), delta(input.slice(0, cut)), delta(input.slice(cut)), end]
      expect(run(restoringEvents(asking(patch), 'anthropic-messages'), parts)).toEqual([
        { type: 'tool-start', ...at, id: 'c1', name: 'patch', kind: 'custom' },
        delta('*** Begin\n"quoted"'),
        end,
      ])
    }
    const whole = restoringResponse(asking(patch), 'gemini', answer('patch', input))
    expect(whole.choices[0]?.content[0]).toMatchObject({ kind: 'custom', input: '*** Begin\n"quoted"' })
  })

  test('that is not wrapped is the text itself, and none is none', () => {
    const bare = run(restoringEvents(asking(patch), 'gemini'), [start('patch'), delta('just text'), end])
    expect(bare[1]).toEqual(delta('just text'))
    const none = run(restoringEvents(asking(patch), 'gemini'), [start('patch'), delta('{"input":""}'), end])
    expect(none.map(({ type }) => type)).toEqual(['tool-start', 'tool-end'])
  })

  test('leaves other tools, other events and formats that know custom tools alone', () => {
    const others: ChatEvent[] = [start('get_weather'), delta('{"input":"x"}'), end, { type: 'ping' }]
    expect(run(restoringEvents(asking(patch), 'gemini'), others)).toEqual(others)
    const own: ChatEvent[] = [start('patch'), delta('{"input":"x"}'), end]
    expect(run(restoringEvents(asking(patch), 'openai-responses'), own)).toEqual(own)
  })
})

test('an answer without a time of making has that of now', () => {
  expect(dated({ createdAt: 5 }).createdAt).toBe(5)
  expect(dated({ createdAt: 0 }).createdAt).toBeGreaterThan(1_700_000_000)
})
