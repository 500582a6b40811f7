import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readJsonArray, writeJsonArray } from './json-array.ts'
import { chain, run } from './transducer.ts'

const encoder = new TextEncoder()

describe('a streamed JSON array', () => {
  test('yields its members, whatever stands between them', () => {
    const text = '[{"a":"]}\\"[{"}\r\n,\n {"b":[1,{"c":2}]}\n]\n'
    expect(run(readJsonArray(), [encoder.encode(text)])).toEqual([
      { data: '{"a":"]}\\"[{"}' },
      { data: '{"b":[1,{"c":2}]}' },
    ])
  })

  test('reads the same wherever its bytes are cut in two', () => {
    const bytes = encoder.encode('[{"t":"é\\\\"},{"u":"\\"😀]"}\n,{"v":[[]]}]')
    const whole = run(readJsonArray(), [bytes])
    expect(whole).toHaveLength(3)
    for (let cut = 0; cut <= bytes.length; cut++)
      expect([cut, run(readJsonArray(), [bytes.subarray(0, cut), bytes.subarray(cut)])]).toEqual([cut, whole])
    expect(
      run(
        readJsonArray(),
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(whole)
  })

  test('comes back as it was written, and what is written is JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }), (values) => {
        const frames = values.map((value) => ({ data: JSON.stringify(value) }))
        expect(run(chain(writeJsonArray(), readJsonArray()), frames)).toEqual(frames)
        const decoder = new TextDecoder()
        const text = run(writeJsonArray(), frames)
          .map((block) => decoder.decode(block))
          .join('')
        expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(values))
      }),
      { numRuns: 200, seed: 2 },
    )
  })

  test('is an empty array when nothing was sent', () => {
    expect(new TextDecoder().decode(run(writeJsonArray(), [])[0])).toBe('[]')
    expect(run(readJsonArray(), [encoder.encode('[]')])).toEqual([])
  })

  test('keeps the members that came before a cut', () => {
    expect(run(readJsonArray(), [encoder.encode('[{"a":1},{"b":')])).toEqual([{ data: '{"a":1}' }])
  })
})
