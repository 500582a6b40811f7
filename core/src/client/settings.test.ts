import { describe, expect, test } from 'bun:test'
import { helloIn, textOf } from '../testing/calls.ts'
import { buildTarget } from './build-target.ts'
import { compile } from './compile.ts'

const build = (defaults: Parameters<typeof buildTarget>[0]['defaults']) =>
  buildTarget({ model: 'openai/gpt-4o', apiKey: 'sk-of-settings', ...(defaults && { defaults }) }, {})

describe('settings of ours among an entry’s parameters', () => {
  test('are read, and no provider hears of them', () => {
    const target = build({
      seed: 7,
      connect_timeout: 1.5,
      stream_keepalive_seconds: '20',
      stream_continuation: true,
      single_flight: true,
      hedge: { after: 'p95' },
    })
    expect(target.deadlines).toEqual({ connectMs: 1500 })
    expect(target.settings).toEqual({
      keepAliveMs: 20_000,
      continuation: true,
      singleFlight: true,
      hedge: { after: 'p95', maxExtra: 0.05 },
    })
    const { body } = compile(helloIn('openai-chat'), target)
    expect(JSON.parse(textOf(body))).toMatchObject({ seed: 7 })
    expect(textOf(body)).not.toMatch(/hedge|flight|continuation|timeout|keepalive/)
  })

  test('that cannot be read are refused by name', () => {
    for (const wrong of [
      { connect_timeout: 'soon' },
      { connect_timeout: -1 },
      { stream_continuation: 'yes' },
      { single_flight: 1 },
      { hedge: true },
      { hedge: { after: 0 } },
      { hedge: { after: 100, max_extra: 2 } },
    ])
      expect(() => build(wrong)).toThrow(new RegExp(`^\`${Object.keys(wrong)[0]}\` must be`))
  })

  test('that are absent leave no trace', () => {
    expect(build({ seed: 7 })).not.toHaveProperty('settings')
    expect(build({ hedge: null })).not.toHaveProperty('settings')
  })
})
