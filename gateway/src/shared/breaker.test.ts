import { expect, test } from 'bun:test'
import { createBreaker } from './breaker.ts'

function scene() {
  const state = { back: false, probes: 0, opened: 0 }
  const breaker = createBreaker({
    probeEveryMs: 5,
    async probe() {
      state.probes++
      if (state.back) breaker.close()
      else throw new Error('not yet')
    },
    opened: () => void state.opened++,
  })
  return { breaker, state }
}

test('opens after five failures in a row, and an answer between them starts the count again', () => {
  const { breaker, state } = scene()
  for (let at = 0; at < 4; at++) breaker.failed('late')
  breaker.worked()
  for (let at = 0; at < 4; at++) breaker.failed('late')
  expect(breaker.open).toBe(false)
  breaker.failed('late')
  expect(breaker.open).toBe(true)
  breaker.failed('late')
  expect(state.opened).toBe(1)
  breaker.stop()
})

test('asks again and again until somebody is back, and then no more', async () => {
  const { breaker, state } = scene()
  breaker.trip('closed')
  await Bun.sleep(40)
  expect(breaker.open).toBe(true)
  expect(state.probes).toBeGreaterThan(2)
  state.back = true
  await Bun.sleep(20)
  expect(breaker.open).toBe(false)
  const { probes } = state
  await Bun.sleep(20)
  expect(state.probes).toBe(probes)
})

test('opens again after it was closed', async () => {
  const { breaker, state } = scene()
  state.back = true
  breaker.trip('closed')
  await Bun.sleep(15)
  expect(breaker.open).toBe(false)
  breaker.trip('closed again')
  expect(state.opened).toBe(2)
  await Bun.sleep(15)
  expect(breaker.open).toBe(false)
  breaker.stop()
})
