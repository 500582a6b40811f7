import { describe, expect, test } from 'bun:test'
import { estimateBody, estimateInput, estimateTokens } from './estimate.ts'

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

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const png = (size: number) => `iVBORw0KGgo${'Ab3/'.repeat(size / 4)}`
const estimate = (content: unknown) => estimateBody(encode({ model: 'm', messages: [{ role: 'user', content }] }))
const flat = 4800

describe('the estimate of a body with files in it', () => {
  test.each([
    ['OpenAI chat', { type: 'image_url', image_url: { url: `data:image/png;base64,${png(400_000)}` } }],
    ['OpenAI responses', { type: 'input_image', image_url: `data:image/png;base64,${png(400_000)}` }],
    ['Anthropic', { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png(400_000) } }],
    ['Gemini', { inlineData: { mimeType: 'image/png', data: png(400_000) } }],
    ['JPEG', { source: { data: `/9j/${png(400_000)}` } }],
    ['WebP', { source: { data: `UklGRiSZAgBXRUJQ${png(400_000)}` } }],
  ])('counts an image as one, whatever its bytes: %s', (_, part) => {
    const found = estimate([{ type: 'text', text: 'What is this?' }, part])
    expect(found).toBeGreaterThanOrEqual(flat)
    expect(found).toBeLessThan(flat + 100)
  })

  test('counts every image, and the text between them', () => {
    const image = { source: { type: 'base64', data: png(100_000) } }
    const text = 'to be or not to be '.repeat(1000)
    const found = estimate([image, { text }, image, image])
    expect(found).toBeGreaterThanOrEqual(3 * flat + text.length / 3)
    expect(found).toBeLessThan(3 * flat + text.length / 3 + 200)
  })

  test('reads slashes that are escaped', () => {
    const body = JSON.stringify({ source: { data: `/9j/${png(100_000)}` } }).replaceAll('/', '\\/')
    expect(estimateBody(new TextEncoder().encode(body))).toBeLessThan(flat + 100)
  })

  test('is not above that of the bytes for small images', () => {
    const body = encode({ source: { data: png(4000) } })
    expect(estimateBody(body)).toBe(estimateInput(body.length))
  })

  test('counts sound, video and documents by their size', () => {
    for (const [start, perToken] of [
      ['JVBERi0xLjc', 6],
      ['SUQzBAAAA', 24],
      ['UklGRiSZAgBXQVZF', 24],
      ['AAAAIGZ0eXBpc29t', 24],
    ] as const) {
      const found = estimate([{ file_data: `data:application/x;base64,${start}${'A'.repeat(240_000)}` }])
      expect([start, Math.abs(found - 240_000 / perToken) < 100]).toEqual([start, true])
    }
  })

  test.each([
    ['a text', { text: `data:image/png;base64,${png(100_000)}` }],
    ['a message', `data:image/png;base64,${png(100_000)}`],
    ['arguments in a text', { arguments: JSON.stringify({ data: png(100_000) }) }],
    ['a file of no known kind', { data: 'Zm9v'.repeat(25_000) }],
    ['escaped characters', { data: '\\u6c34'.repeat(20_000) }],
  ])('counts what the model reads as text in full: %s', (_, part) => {
    const body = encode({ content: [part] })
    expect(estimateBody(body)).toBe(estimateInput(body.length))
  })

  test('a body of ten megabytes takes next to no time', () => {
    const image = encode({ source: { data: png(10_000_000) } })
    const dense = encode({ text: 'a'.repeat(10_000_000) })
    const loose = encode({ list: Array.from({ length: 700_000 }, (_, at) => `text ${at}`) })
    for (const body of [image, dense, loose]) {
      estimateBody(body)
      const started = performance.now()
      for (let i = 0; i < 5; i++) estimateBody(body)
      expect((performance.now() - started) / 5).toBeLessThan(40)
    }
  })
})
