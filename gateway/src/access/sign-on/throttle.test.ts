import { expect, test } from 'bun:test'
import { createThrottle } from './throttle.ts'

test('attempts that are made at the same time cannot pass together', () => {
  const throttle = createThrottle({ perName: 2, perSource: 100, windowMs: 1000, now: () => 0 })
  const undo = throttle.attempt('ada', undefined)
  throttle.attempt('Ada', '192.0.2.1')
  expect(() => throttle.attempt('ada', '192.0.2.2')).toThrow('Too many attempts')
  undo()
  expect(() => throttle.attempt('ada', '192.0.2.2')).not.toThrow()
})

test('a refusal says when the window ends, and is not counted itself', () => {
  let now = 0
  const throttle = createThrottle({ perName: 1, perSource: 1, windowMs: 1000, now: () => now })
  throttle.attempt('ada', undefined)
  now = 400
  expect(() => throttle.attempt('ada', undefined)).toThrow(
    expect.objectContaining({ code: 'rate-limited', detail: expect.objectContaining({ retryAfterMs: 600 }) }),
  )
  now = 1000
  expect(() => throttle.attempt('ada', undefined)).not.toThrow()
})
