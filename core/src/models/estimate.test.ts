import { describe, expect, test } from 'bun:test'
import { estimateInput, estimateTokens } from './estimate.ts'

describe('estimates', () => {
  test('four ASCII characters are a token', () => {
    expect(estimateTokens('')).toBe(0)
    expect(estimateTokens('a')).toBe(1)
    expect(estimateTokens('abcd'.repeat(100))).toBe(100)
  })

  test('other scripts count by their bytes', () => {
    expect(estimateTokens('水'.repeat(700))).toBe(600)
    expect(estimateTokens('é'.repeat(700))).toBe(400)
    expect(estimateTokens('😀'.repeat(700))).toBe(800)
  })

  test('a long text is read in a moment', () => {
    const started = performance.now()
    expect(estimateTokens('水a'.repeat(500_000))).toBeGreaterThan(500_000)
    expect(performance.now() - started).toBeLessThan(500)
  })

  test('the estimate of a body is above that of its text', () => {
    for (const text of ['hello world '.repeat(50), '水'.repeat(300), '{"a":[1,2,3]}'])
      expect(estimateInput(new TextEncoder().encode(text).length)).toBeGreaterThanOrEqual(estimateTokens(text))
  })
})
