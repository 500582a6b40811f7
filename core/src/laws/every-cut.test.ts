import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formats } from '../formats/index.ts'
import type { Frame } from '../kernel/framing.ts'
import { jsonArray } from '../kernel/json-array.ts'
import { chain, run } from '../kernel/transducer.ts'
import { samplesOf } from '../testing/samples.ts'
import type { FormatId } from '../vocabulary/format-id.ts'

const ids = Object.keys(formats) as FormatId[]

/** Streams among a format's fixtures: whatever is not a JSON object. */
function fixturesOf(id: FormatId): [string, Uint8Array][] {
  const folder = join(import.meta.dir, '..', 'formats', id, 'fixtures')
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map((entry): [string, Uint8Array] => [entry.name, readFileSync(join(entry.parentPath, entry.name))])
    .filter(([, bytes]) => bytes[0] !== 0x7b)
}

describe.each(ids)('L4 streams of %s read the same wherever they are cut', (id) => {
  const { client, framing } = formats[id]
  const framingOf = (bytes: Uint8Array) => (bytes[0] === 0x5b ? jsonArray : framing)
  const frames = (blocks: readonly Uint8Array[], bytes: Uint8Array): Frame[] => run(framingOf(bytes).read(), blocks)
  const short = samplesOf(id)
    .streams.filter((bytes) => bytes.length < 6000)
    .filter((_, at) => at % 5 === 0)
    .map((bytes, at): [string, Uint8Array] => [`corpus sample ${at}`, bytes])

  test.each([...fixturesOf(id), ...short])('%s', (_name, bytes) => {
    const whole = frames([bytes], bytes)
    expect(whole.length).toBeGreaterThan(0)
    const expected = JSON.stringify(whole)
    for (let cut = 1; cut < bytes.length; cut++) {
      const halves = JSON.stringify(frames([bytes.subarray(0, cut), bytes.subarray(cut)], bytes))
      if (halves !== expected) expect([cut, halves]).toEqual([cut, expected])
    }
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
    const events = run(client.readStream(), whole)
    expect(run(chain(framingOf(bytes).read(), client.readStream()), single)).toEqual(events)
    expect(events.length).toBeGreaterThan(1)
  })
})
