import { describe, expect, test } from 'bun:test'
import { createRetryBudget } from './retry-budget.ts'

describe('a retry budget', () => {
  const opened = (requests: number, share = 0.2) => {
    const clock = { now: 5_000_000 }
    const budget = createRetryBudget(share, () => clock.now)
    for (let n = 0; n < requests; n++) budget.asked()
    const taken = (tries: number) => Array.from({ length: tries }, () => budget.take()).filter(Boolean).length
    return { clock, budget, taken }
  }

  test('allows any retry before a hundred requests, and its share of them from there on', () => {
    expect(opened(99).taken(99)).toBe(99)
    expect(opened(100).taken(100)).toBe(20)
    expect(opened(100, 1).taken(200)).toBe(100)
    expect(opened(100, 0).taken(5)).toBe(0)
  })

  test('looks at the last minute alone', () => {
    const { clock, budget, taken } = opened(200)
    expect(taken(50)).toBe(40)
    clock.now += 30_000
    expect(taken(1)).toBe(0)
    clock.now += 30_001
    expect(taken(50)).toBe(50)
    for (let n = 0; n < 300; n++) budget.asked()
    expect(taken(50)).toBe(10)
  })
})
