/**
 * What the gateway costs, measured beside the bare forwarder in the same run: `npm run bench`. Both stand before the same provider;
 * virtual key, budget and ledger are on; *governed* adds a team's and a user's budgets, limits of requests and tokens and a tag with a budget. Options: `--quick` for a tenth of the requests, `--write` to put the result into RESULTS.md.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresForTests, redisForTests } from '../tests/services.ts'
import { governedKey, governedTag, plainKey, startGateway } from './gateways.ts'
import { type Job, paced, percentile, saturate } from './load.ts'
import { cpuSeconds, residentMegabytes, type Served, serveScript } from './process.ts'
import { choosingMicros } from './routing.ts'

const scale = process.argv.includes('--quick') ? 0.1 : 1
const chunks = 100
const lines = 32

const scratch = mkdtempSync(join(tmpdir(), 'turnpike-bench-'))
const provider = await serveScript('bench/provider.ts', [], { BENCH_CHUNKS: String(chunks) }, /ready (\d+)/)
const upstream = `http://127.0.0.1:${provider.port}`
const forwarder = await serveScript('bench/forwarder.ts', [], { BENCH_UPSTREAM: upstream }, /ready (\d+)/)
const gateway = await startGateway({ upstream, scratch })
const plain = await plainKey(gateway)
const governed = await governedKey(gateway)
const [postgres, redis] = [await postgresForTests(), await redisForTests()]
const stores = postgres && redis && { postgres: await postgres.database(), redis: redis.url }

const say = (content: string) => [{ role: 'user', content }]
const body = (model: string, stream: boolean, tags?: readonly string[]) =>
  JSON.stringify({
    model,
    ...(tags && { metadata: { tags } }),
    messages: say('Say hello to the people on the other side of this gateway, in one short and friendly sentence.'),
    ...(stream && { stream: true }),
    max_tokens: 200,
  })
const through = (served: Served, path: string, model: string, stream: boolean): Job => ({
  port: served.port,
  path,
  key: plain,
  body: body(model, stream),
})
const underGovernance = (served: Served, key: string): Job => ({
  port: served.port,
  path: '/v1/chat/completions',
  key,
  body: body('gpt-4o', false, [governedTag]),
})

const jobs = {
  'forwarder, whole': [forwarder, through(forwarder, '/v1/chat/completions', 'gpt-4o', false), 1],
  'gateway, same format, whole': [gateway, through(gateway, '/v1/chat/completions', 'gpt-4o', false), 1],
  'gateway, governed, whole': [gateway, underGovernance(gateway, governed), 1],
  'gateway, translated, whole': [gateway, through(gateway, '/v1/chat/completions', 'claude', false), 1],
  'forwarder, stream': [forwarder, through(forwarder, '/v1/chat/completions', 'gpt-4o', true), chunks],
  'gateway, same format, stream': [gateway, through(gateway, '/v1/chat/completions', 'gpt-4o', true), chunks],
  'gateway, translated, stream': [gateway, through(gateway, '/v1/chat/completions', 'claude', true), chunks],
} as const

interface Figure {
  readonly cpuMicros: number
  readonly perSecond: number
}

const idleMegabytes = residentMegabytes(gateway.pid)
const figures = new Map<string, Figure>()
for (const [name, [served, job, pieces]] of Object.entries(jobs))
  figures.set(name, await measure(served, job, pieces === 1 ? 40_000 : 6_000))
const ordinary = (served: Served) => through(served, '/v1/chat/completions', 'gpt-4o', false)
const latency = {
  direct: await pace(ordinary(provider)),
  forwarder: await pace(ordinary(forwarder)),
  gateway: await pace(ordinary(gateway)),
  governed: await pace(underGovernance(gateway, governed)),
}
const afterMegabytes = residentMegabytes(gateway.pid)
await gateway.stop()
const replica = stores && (await startGateway({ upstream, scratch, stores }))
const replicaJob = replica && underGovernance(replica, await governedKey(replica))
const agreed = replica &&
  replicaJob && {
    figure: await measure(replica, replicaJob, 20_000),
    latency: await pace(replicaJob),
  }
const choosing = await choosingMicros()

const text = report()
console.log(text)
if (process.argv.includes('--write')) writeResults(text)
await Promise.all([replica?.stop(), forwarder.stop(), provider.stop()])
await Promise.all([postgres?.stop(), redis?.stop()])
rmSync(scratch, { recursive: true, force: true })

async function measure({ pid }: Served, job: Job, count: number): Promise<Figure> {
  // until the compiler has settled: the first tens of thousands of requests cost half as much again
  await saturate(job, Math.ceil(count * scale), lines)
  const asked = Math.ceil(count * scale)
  const before = cpuSeconds(pid)
  const seconds = await saturate(job, asked, lines)
  return { cpuMicros: ((cpuSeconds(pid) - before) * 1e6) / asked, perSecond: asked / seconds }
}

async function pace(job: Job): Promise<number[]> {
  await paced(job, 1000, 1)
  return paced(job, 1000, Math.max(1, 8 * scale))
}

function report(): string {
  const of = (name: string) => figures.get(name) ?? { cpuMicros: Number.NaN, perSecond: Number.NaN }
  const perChunk = (kind: string) => (of(`${kind}, stream`).cpuMicros - of(`${kind}, whole`).cpuMicros) / chunks
  const rows = [...figures].map(
    ([name, { cpuMicros, perSecond }]) =>
      `| ${name} | ${cpuMicros.toFixed(1)} | ${Math.round(1e6 / cpuMicros)} | ${Math.round(perSecond)} |`,
  )
  const over = (times: readonly number[] | undefined, share: number) =>
    times ? (percentile([...times], share) - percentile(latency.direct, share)).toFixed(3) : 'not measured'
  const added = (share: number) => over(latency.gateway, share)
  const bare = (share: number) => over(latency.forwarder, share)
  const ratio = of('gateway, governed, whole').cpuMicros / of('gateway, same format, whole').cpuMicros
  return `
${new Date().toISOString().slice(0, 10)}, Bun ${Bun.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}; load, provider and gateway share the machine${scale < 1 ? ' (quick run)' : ''}

| traffic | CPU µs per request | requests/s on one core by CPU | requests/s measured |
|---|---:|---:|---:|
${rows.join('\n')}

| figure | gateway | bare forwarder | target |
|---|---:|---:|---:|
| CPU µs per same-format request | ${of('gateway, same format, whole').cpuMicros.toFixed(1)} | ${of('forwarder, whole').cpuMicros.toFixed(1)} | ≤ 90 |
| CPU µs per translated request | ${of('gateway, translated, whole').cpuMicros.toFixed(1)} | | |
| throughput beside the forwarder, measured | ${(of('gateway, same format, whole').perSecond / of('forwarder, whole').perSecond).toFixed(2)} | 1 | ≥ 0.45 |
| throughput beside the forwarder, by CPU | ${(of('forwarder, whole').cpuMicros / of('gateway, same format, whole').cpuMicros).toFixed(2)} | 1 | |
| CPU µs per streamed chunk, same format | ${perChunk('gateway, same format').toFixed(2)} | ${perChunk('forwarder').toFixed(2)} | ≤ 3 |
| CPU µs per streamed chunk, translated | ${perChunk('gateway, translated').toFixed(2)} | | ≤ 8 |
| added latency p50 at 1,000 requests/s, ms | ${added(0.5)} | ${bare(0.5)} | |
| added latency p99 at 1,000 requests/s, ms | ${added(0.99)} | ${bare(0.99)} | ≤ 1 |
| governed beside plain keyed, CPU on SQLite | ${ratio.toFixed(2)} | | ≤ 1.35 |
| governed, added p99 at 1,000 requests/s on SQLite, ms | ${over(latency.governed, 0.99)} | | |
| governed, CPU µs per request on Postgres and Redis | ${agreed ? agreed.figure.cpuMicros.toFixed(1) : 'not measured'} | | |
| governed, added p50 at 1,000 requests/s on Postgres and Redis, ms | ${over(agreed?.latency, 0.5)} | | |
| governed, added p99 at 1,000 requests/s on Postgres and Redis, ms | ${over(agreed?.latency, 0.99)} | | ≤ 3 |
| choosing among 100 deployments instead of 1, dearest strategy, µs | ${choosing.toFixed(2)} | | ≤ 10 |
| memory idle, MB | ${idleMegabytes.toFixed(0)} | | ≤ 120 |
| memory after, MB | ${afterMegabytes.toFixed(0)} | | |
`
}

function writeResults(result: string): void {
  const file = join(import.meta.dir, 'RESULTS.md')
  let earlier = ''
  try {
    earlier = readFileSync(file, 'utf8').replace(/^# .*\n+(?:[^#\n].*\n)*/, '')
  } catch {
    // the first result of all
  }
  writeFileSync(file, `# Results of \`npm run bench\`, newest first\n\n## ${result.trim()}\n\n${earlier}`)
}
