import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { isGatewayError } from './faults.ts'
import type { JsonObject } from './json.ts'
import { maxDepth, memberOf, scanEnvelope, spliceMembers } from './scan.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const scan = (text: string) => scanEnvelope(encoder.encode(text))

/** Whether our scanner takes the text for an object; anything but its own error is a crash. */
function accepts(text: string): boolean {
  try {
    scan(text)
    return true
  } catch (error) {
    if (!isGatewayError(error) || error.code !== 'invalid-json') throw error
    return false
  }
}

function parses(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** Indented at random, so that whitespace stands everywhere it may. */
const anyObject = fc
  .tuple(
    fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 }),
    fc.constantFrom(0, 1, '\t', '\r\n '),
  )
  .map(([value, indent]) =>
    JSON.stringify(value, null, typeof indent === 'string' ? indent.replace('\r\n', '  ') : indent),
  )

/** JSON text with some characters of syntax swapped, doubled or left out. No escapes or control characters: those are not scanned. */
const nearlyJson = fc
  .tuple(
    fc.dictionary(
      fc.constantFrom('a', 'b', 'model'),
      fc.jsonValue({ maxDepth: 2, stringUnit: fc.constantFrom('x', ' ', '[', '}', ',') }),
      {
        maxKeys: 3,
      },
    ),
    fc.array(
      fc.tuple(
        fc.nat(200),
        fc.constantFrom('', '{', '}', '[', ']', ',', ':', '"', '0', '-', '.', 'e', 'true', 'nul', ' ', '+'),
      ),
      {
        maxLength: 3,
      },
    ),
    fc.boolean(),
  )
  .map(([value, edits, insert]) => {
    let text = JSON.stringify(value)
    for (const [place, char] of edits) {
      const at = place % (text.length + 1)
      text = text.slice(0, at) + char + text.slice(insert ? at : at + 1)
    }
    return text
  })

describe('the envelope scanner', () => {
  test('takes whatever JSON.stringify makes and finds the same members', () => {
    fc.assert(
      fc.property(anyObject, (text) => {
        const value = JSON.parse(text) as JsonObject
        const envelope = scan(text)
        expect([...envelope.members.keys()].sort()).toEqual(Object.keys(value).sort())
        for (const key of Object.keys(value)) expect(memberOf(envelope, key)).toEqual(value[key])
      }),
      { numRuns: 500, seed: 4 },
    )
  })

  test('agrees with JSON.parse on what is well formed', () => {
    fc.assert(
      fc.property(nearlyJson, (text) => {
        // names that come twice are refused on purpose, in whatever text
        fc.pre(!/"(\w*)":.*"\1":/.test(text))
        expect([text, accepts(text)]).toEqual([text, parses(text)])
      }),
      { numRuns: 3000, seed: 5 },
    )
  })

  test.each([
    '',
    ' ',
    '[]',
    'null',
    '"a"',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{,}',
    '{a:1}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":NaN}',
    '{"a":tru}',
    '{"a":[1,]}',
    '{"a":[1}',
    '{"a":{"b"}}',
    '{"a":1}x',
    '{"a":1}{"b":2}',
    "{'a':1}",
    '{"a":"\\"}',
  ])('refuses %j', (text) => {
    expect(parses(text)).toBe(false)
    expect(accepts(text)).toBe(false)
  })

  test('refuses bytes that are not UTF-8, and takes a byte order mark', () => {
    const broken = Uint8Array.of(...encoder.encode('{"a":"'), 0xff, ...encoder.encode('"}'))
    expect(() => scanEnvelope(broken)).toThrow('UTF-8')
    expect(memberOf(scan('\ufeff{"a":1}'), 'a')).toBe(1)
  })

  test('refuses nesting beyond its depth, and takes what lies just within', () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
    expect(accepts(nested(maxDepth - 1))).toBe(true)
    expect(() => scan(nested(maxDepth + 1))).toThrow(`${maxDepth} levels`)
    expect(() => scan(nested(200_000))).toThrow(`${maxDepth} levels`)
  })

  test('refuses a name that comes twice, however it is spelt', () => {
    expect(() => scan('{"model":"a","model":"b"}')).toThrow('`model` twice')
    expect(() => scan('{"model":"a","mod\\u0065l":"c"}')).toThrow('`model` twice')
    expect(memberOf(scan('{"mod\\u0065l":"c"}'), 'model')).toBe('c')
  })
})

/** Everything in the text outside of the spans that change. */
const outside = (text: string, name: string): [string, string] => {
  const bytes = encoder.encode(text)
  const span = scanEnvelope(bytes).members.get(name)
  if (!span) throw new Error(`no member ${name}`)
  return [decoder.decode(bytes.subarray(0, span.start)), decoder.decode(bytes.subarray(span.end))]
}

describe('splicing', () => {
  test('means what setting the members would mean', () => {
    const changes = fc.dictionary(fc.constantFrom('a', 'model', 'new', 'stream'), fc.jsonValue({ maxDepth: 1 }), {
      maxKeys: 3,
    })
    const someObject = fc
      .tuple(
        fc.dictionary(fc.constantFrom('a', 'b', 'model', 'é'), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
        fc.nat(2),
      )
      .map(([value, indent]) => JSON.stringify(value, null, indent))
    fc.assert(
      fc.property(someObject, changes, (text, change) => {
        const spliced = decoder.decode(spliceMembers(scan(text), change))
        // both sides through text, where -0 is 0
        const expected = JSON.parse(JSON.stringify({ ...(JSON.parse(text) as object), ...change })) as JsonObject
        expect(JSON.parse(spliced)).toEqual(expected)
      }),
      { numRuns: 1000, seed: 6 },
    )
  })

  test('leaves every other byte as it was', () => {
    const text = '{ "b" : 1.0 ,\r\n"model":\t"old" , "z":"\\u00e9 é",  "n": 1e3 }'
    const [before, after] = outside(text, 'model')
    expect(decoder.decode(spliceMembers(scan(text), { model: 'new "name"' }))).toBe(`${before}"new \\"name\\""${after}`)
    expect(decoder.decode(spliceMembers(scan(text), { z: 1, model: 'm' }))).toBe(
      '{ "b" : 1.0 ,\r\n"model":\t"m" , "z":1,  "n": 1e3 }',
    )
  })

  test('puts new members in front, also into an empty object', () => {
    expect(decoder.decode(spliceMembers(scan('{"a":1}'), { x: true, y: null }))).toBe('{"x":true,"y":null,"a":1}')
    expect(JSON.parse(decoder.decode(spliceMembers(scan('{ }'), { x: 1, y: 2 })))).toEqual({ x: 1, y: 2 })
  })

  test('without changes gives the very same bytes', () => {
    const envelope = scan('{"a":1}')
    expect(spliceMembers(envelope, {})).toBe(envelope.bytes)
  })
})
