import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { ChatEvent } from '../vocabulary/chat-event.ts'
import { fold } from '../vocabulary/fold.ts'
import { unfold } from '../vocabulary/unfold.ts'
import { chatEvents } from './events.ts'

/** Violations of the vocabulary's own rules: each part starts once, ends once, deltas between. */
function faultsOf(events: readonly ChatEvent[]): string[] {
  const out: string[] = []
  const open = new Set<string>()
  const started = new Map<number, number>()
  for (const event of events) {
    if (!('part' in event)) continue
    const key = `${event.choice}/${event.part}`
    const whole = event.type === 'media' || event.type === 'native'
    if (event.type.endsWith('-start') || whole) {
      const next = started.get(event.choice) ?? 0
      if (event.part !== next) out.push(`${key} starts out of order`)
      started.set(event.choice, next + 1)
      if (!whole) open.add(key)
    } else if (!open.has(key)) out.push(`${event.type} of ${key} which is not open`)
    if (event.type.endsWith('-end')) open.delete(key)
  }
  if (events[0]?.type !== 'response-start' && events[0]?.type !== 'error') out.push('no start')
  if (events.at(-1)?.type === 'response-end' && open.size > 0) out.push('a part is left open')
  return out
}

test('generated streams keep the rules of the vocabulary', () => {
  fc.assert(
    fc.property(chatEvents(), (events) => {
      expect(faultsOf(events)).toEqual([])
    }),
    { numRuns: 500, seed: 7 },
  )
})

test('generated streams interleave parts, fail and are cut off, each often enough to matter', () => {
  const streams = fc.sample(chatEvents(), { numRuns: 500, seed: 7 })
  const lasts = streams.map((events) => events.at(-1)?.type)
  expect(lasts.filter((type) => type === 'error').length).toBeGreaterThan(30)
  expect(lasts.filter((type) => type !== 'error' && type !== 'response-end').length).toBeGreaterThan(30)
  const interleaved = streams.filter((events) =>
    events.some(
      (event, at) => event.type === 'tool-start' && events.slice(at).some((later) => later.type === 'text-delta'),
    ),
  )
  expect(interleaved.length).toBeGreaterThan(30)
})

test('whatever folds, unfolds and folds to the same', () => {
  fc.assert(
    fc.property(chatEvents(), (events) => {
      const once = fold(events)
      expect(fold(unfold(once))).toEqual(once)
    }),
    { numRuns: 500, seed: 8 },
  )
})
