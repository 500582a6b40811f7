import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { run } from '../kernel/transducer.ts'
import type { Tool } from '../vocabulary/chat-request.ts'
import { restoreResponse, restoreToolNames, toolNames } from './tool-names.ts'

const tool = (name: string, namespace?: string): Tool => ({
  type: 'function',
  name,
  ...(namespace !== undefined && { namespace }),
})

describe('names of tools on the wire', () => {
  test('a legal name without namespace stays as it is', () => {
    expect(toolNames([tool('get_weather')]).wire('get_weather')).toBe('get_weather')
  })

  test('a namespace goes in front, and comes off again', () => {
    const names = toolNames([tool('click', 'browser'), tool('click', 'mcp__playwright__')])
    expect(names.wire('click', 'browser')).toBe('browser__click')
    expect(names.wire('click', 'mcp__playwright__')).toBe('mcp__playwright__click')
    expect(names.original('mcp__playwright__click')).toEqual({ name: 'click', namespace: 'mcp__playwright__' })
  })

  test('a bare tool keeps the name that a namespaced one would get', () => {
    const names = toolNames([tool('b', 'a'), tool('a__b')])
    expect(names.wire('a__b')).toBe('a__b')
    expect(names.wire('b', 'a')).toMatch(/^a__b_[0-9a-f]{8}$/)
    expect(names.original(names.wire('b', 'a'))).toEqual({ name: 'b', namespace: 'a' })
  })

  test('a long name keeps its first 55 characters', () => {
    const long = 'x'.repeat(90)
    const wire = toolNames([tool(long)]).wire(long)
    expect(wire).toHaveLength(64)
    expect(wire).toMatch(/^x{55}_[0-9a-f]{8}$/)
  })

  test('a name that was never declared is its own original', () => {
    expect(toolNames([]).original('unheard_of')).toEqual({ name: 'unheard_of' })
    expect(toolNames(undefined).wire('unheard_of')).toBe('unheard_of')
  })

  test('a first character that the pattern refuses gets another in front', () => {
    const names = toolNames([tool('1st')], { pattern: /^[a-zA-Z_][a-zA-Z0-9_.-]*$/ })
    expect(names.wire('1st')).toMatch(/^_1st_[0-9a-f]{8}$/)
  })

  test('every set of tools gets legal names that differ and lead back', () => {
    const word = fc.oneof(fc.constantFrom('a', 'b', 'a__b', 'b__c', 'x'.repeat(70), ''), fc.string({ maxLength: 12 }))
    const identity = fc.tuple(word, fc.option(word, { nil: undefined }))
    fc.assert(
      fc.property(fc.array(identity, { maxLength: 8 }), (tools) => {
        const names = toolNames(tools.map(([name, namespace]) => tool(name, namespace)))
        const wires = new Map<string, string>()
        for (const [name, namespace] of tools) {
          const wire = names.wire(name, namespace)
          expect(wire).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
          expect(names.original(wire)).toEqual({ name, ...(namespace !== undefined && { namespace }) })
          const key = JSON.stringify([name, namespace])
          expect(wires.get(wire) ?? key).toBe(key)
          wires.set(wire, key)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('calls in streams and answers get the names that their caller knows', () => {
    const names = toolNames([tool('click', 'browser')])
    const start = { type: 'tool-start', choice: 0, part: 0, id: 'c', name: 'browser__click', kind: 'function' } as const
    expect(run(restoreToolNames(names), [start, { type: 'ping' }])).toEqual([
      { ...start, name: 'click', namespace: 'browser' },
      { type: 'ping' },
    ])
    const call = { type: 'tool-call', id: 'c', name: 'browser__click', kind: 'function', input: '{}' } as const
    const usage = { input: 0, fresh: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, audioIn: 0, imageIn: 0 }
    const response = restoreResponse(names, {
      id: 'r',
      model: 'm',
      createdAt: 0,
      choices: [{ index: 0, content: [call], finish: { reason: 'tool-calls' } }],
      usage: { ...usage, output: 0, reasoning: 0, audioOut: 0, calls: {}, source: 'provider' },
    })
    expect(response.choices[0]?.content[0]).toEqual({ ...call, name: 'click', namespace: 'browser' })
  })
})
