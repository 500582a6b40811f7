import { describe, expect, test } from 'bun:test'
import { casesOf, judge, kitFolder } from '../../../scripts/kit.ts'
import { formats } from '../formats/index.ts'
import type { FormatId } from '../vocabulary/format-id.ts'

/** Share of recorded exchanges, in percent, that must pass in each format. Raise it when it is passed for good. */
const floors: Readonly<Record<FormatId, number>> = {
  'openai-chat': 96,
  'openai-responses': 98,
  'anthropic-messages': 99,
  gemini: 98,
}

const folder = kitFolder()

describe.skipIf(folder === undefined)('recorded exchanges', () => {
  const cases = folder === undefined ? [] : casesOf(folder)

  test.each(Object.keys(formats) as FormatId[])('of %s are understood', (format) => {
    const verdicts = cases.filter((recorded) => recorded.format === format).map(judge)
    const passed = verdicts.filter(({ failures }) => failures.length === 0).length
    expect(verdicts.length).toBeGreaterThan(0)
    expect((100 * passed) / verdicts.length).toBeGreaterThanOrEqual(floors[format])
  })
})
