/**
 * Whether memory stays: `npm run soak -- --minutes 10`. A gateway process serves 200 streams at once, of about 2 kB/s each, half of
 * them translated; a tenth of the callers leave. Ends with 1 when resident memory at the end is more than 1.1 × that after
 * the first fifth of the time, or when a stream went wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeProvider } from 'turnpike-core/internal/testing/fake-provider'
import { governedKey, governedTag, startGateway } from './gateways.ts'
import { residentMegabytes } from './process.ts'

const streams = 200
const leaving = 0.1
const allowed = 1.1
const everyMs = 100
const at = process.argv.indexOf('--minutes')
const minutes = at < 0 ? 10 : Number(process.argv[at + 1])
if (!(minutes > 0)) throw new Error('--minutes wants a number above 0, as in `npm run soak -- --minutes 10`')

const fake = fakeProvider()
let open = 0
const upstream = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  idleTimeout: 0,
  async fetch(request) {
    // three to ten seconds of words, one each tenth of a second: a chunk is about 200 bytes
    fake.script(`count:${30 + Math.floor(Math.random() * 70)}+slow-chunks:${everyMs}`)
    fake.requests.length = 0
    const answer = await fake.handle(request)
    open++
    return new Response(answer.body?.pipeThrough(counting()) ?? null, answer)
  },
})

/** Passes everything on, and knows how many streams are under way. */
function counting(): TransformStream<Uint8Array, Uint8Array> {
  const ended = () => void open--
  return new TransformStream({ flush: ended, cancel: ended } as Transformer<Uint8Array, Uint8Array>)
}

const scratch = mkdtempSync(join(tmpdir(), 'turnpike-soak-'))
const gateway = await startGateway({ upstream: `http://127.0.0.1:${upstream.port}`, scratch })
const key = await governedKey(gateway)
const begun = Date.now()
const end = begun + minutes * 60_000
const counts = { whole: 0, left: 0, wrong: 0, bytes: 0 }
const samples: { readonly after: number; readonly megabytes: number }[] = []

async function caller(place: number): Promise<void> {
  // not all at once
  await Bun.sleep((place / streams) * 5000)
  while (Date.now() < end) await oneStream(place % 2 === 0 ? 'gpt-4o' : 'claude')
}

async function oneStream(model: string): Promise<void> {
  const leaves = Math.random() < leaving
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), leaves ? Math.random() * 4000 : 60_000)
  let tail = ''
  try {
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        stream: true,
        max_tokens: 200,
        metadata: { tags: [governedTag] },
        messages: [{ role: 'user', content: 'Say something long.' }],
      }),
      signal: controller.signal,
    })
    const decoder = new TextDecoder()
    for await (const block of answer.body ?? []) {
      counts.bytes += block.length
      tail = (tail + decoder.decode(block, { stream: true })).slice(-100)
    }
    if (answer.status === 200 && tail.endsWith('data: [DONE]\n\n')) counts.whole++
    else fail(`${answer.status} …${tail}`)
  } catch (thrown) {
    if (leaves && controller.signal.aborted) counts.left++
    else fail(String(thrown))
  } finally {
    clearTimeout(timer)
  }
}

function fail(what: string): void {
  if (counts.wrong++ < 5) console.log(`wrong: ${what}`)
}

/** The mean of the samples of a stretch of time, in shares of the whole: a single one may stand just before a collection. */
function meanBetween(from: number, to: number): number {
  const total = end - begun
  const within = samples.filter(({ after }) => after >= from * total && after <= to * total)
  return within.reduce((sum, { megabytes }) => sum + megabytes, 0) / within.length
}

const watch = setInterval(() => {
  const after = Date.now() - begun
  if (after > end - begun) return
  samples.push({ after, megabytes: residentMegabytes(gateway.pid) })
  if (samples.length % 30 === 0) tell()
}, 1000)

function tell(): void {
  const { after, megabytes } = samples.at(-1) ?? { after: 0, megabytes: Number.NaN }
  const { whole, left, wrong, bytes } = counts
  const perStream = bytes / (after / 1000) / streams / 1000
  console.log(
    `${Math.round(after / 1000)} s: ${megabytes.toFixed(0)} MB resident, ${open} streams open, ${whole} answered, ${left} left, ${wrong} wrong, ${perStream.toFixed(1)} kB/s each`,
  )
}

await Promise.all(Array.from({ length: streams }, (_, place) => caller(place)))
clearInterval(watch)
await Bun.sleep(500)
const [warm, last] = [meanBetween(0.2, 0.3), meanBetween(0.9, 1)]
const kept = last <= warm * allowed && counts.wrong === 0 && open === 0
console.log(
  `after warm-up ${warm.toFixed(1)} MB, at the end ${last.toFixed(1)} MB: ${(last / warm).toFixed(2)} × (at most ${allowed}); ${open} streams left open, ${counts.wrong} wrong: ${kept ? 'ok' : 'FAILED'}`,
)
await gateway.stop()
await upstream.stop(true)
rmSync(scratch, { recursive: true, force: true })
process.exit(kept ? 0 : 1)
