import { expect, test } from 'bun:test'
import { createPins } from './pins.ts'

test('a name is remembered as long as it is used, and forgotten after a while without', () => {
  const clock = { now: 0 }
  const pins = createPins({ ttlMs: 100, most: 10 }, () => clock.now)
  pins.set('a', 'one')
  for (let at = 0; at < 500; at += 90) {
    clock.now = at
    expect(pins.get('a')).toBe('one')
  }
  clock.now += 100
  expect(pins.get('a')).toBeUndefined()
})

test('the name that was not used for longest makes room', () => {
  const pins = createPins({ ttlMs: 100, most: 2 }, () => 0)
  pins.set('a', 'one')
  pins.set('b', 'two')
  pins.get('a')
  pins.set('c', 'three')
  expect(['a', 'b', 'c'].map(pins.get)).toEqual(['one', undefined, 'three'])
})
