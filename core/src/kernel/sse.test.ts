import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Frame } from './framing.ts'
import { readSse, sse, sseText, writeSse } from './sse.ts'
import { chain, run } from './transducer.ts'

const encoder = new TextEncoder()
const read = (text: string) => run(readSse(), [encoder.encode(text)])

const frame: fc.Arbitrary<Frame> = fc
  .record({
    event: fc.option(fc.constantFrom('message', 'ping', 'x.y'), { nil: undefined }),
    data: fc.oneof(
      fc.constantFrom('', '{"a":1}', ' leading', 'é😀', 'a\nb', '\n', ':not a comment', '[DONE]'),
      fc.json(),
    ),
  })
  .map(({ event, data }) => (event === undefined ? { data } : { event, data }))

describe('server-sent events', () => {
  test('are read whether lines end in LF, CRLF or CR', () => {
    for (const end of ['\n', '\r\n', '\r'])
      expect(read(`event: a${end}data: 1${end}${end}data: 2${end}${end}`)).toEqual([
        { event: 'a', data: '1' },
        { data: '2' },
      ])
  })

  test('join their data lines and drop one space after the colon only', () => {
    expect(read('data:a\ndata:  b\ndata\n\n')).toEqual([{ data: 'a\n b\n' }])
  })

  test('skip comments, ids, retries, unknown fields and events without data', () => {
    expect(read(': hello\nid: 1\nretry: 5\nodd: x\nevent: lost\n\ndata: y\n\n')).toEqual([{ data: 'y' }])
  })

  test('are delivered even when the last blank line is missing', () => {
    expect(read('data: a\n\ndata: b')).toEqual([{ data: 'a' }, { data: 'b' }])
    expect(read('data: a\r')).toEqual([{ data: 'a' }])
  })

  test('read the same wherever their bytes are cut in two', () => {
    const bytes = encoder.encode('event: é\r\ndata: 😀a\r\ndata: b\r\n\r\n: c\r\rdata: 2\n\ndata: {"x":"\u2028"}\n\n')
    const whole = run(readSse(), [bytes])
    expect(whole).toHaveLength(3)
    for (let cut = 0; cut <= bytes.length; cut++)
      expect([cut, run(readSse(), [bytes.subarray(0, cut), bytes.subarray(cut)])]).toEqual([cut, whole])
  })

  test('read the same byte by byte', () => {
    const bytes = encoder.encode('data: é\r\n\r\nevent: b\rdata: 😀\r\rdata: z\n\n')
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
    expect(run(readSse(), single)).toEqual(run(readSse(), [bytes]))
  })

  test('come back as they were written', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), (frames) => {
        const plain = frames.filter(({ data }) => !data.includes('\r'))
        expect(run(chain(writeSse(), readSse()), plain)).toEqual(plain)
      }),
      { numRuns: 300, seed: 1 },
    )
  })

  test('write every line of the data with its own field name', () => {
    expect(sseText({ event: 'e', data: 'a\nb' })).toBe('event: e\ndata: a\ndata: b\n\n')
    expect(sse.contentType).toBe('text/event-stream')
  })
})
