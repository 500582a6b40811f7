/**
 * What the gateway costs, measured beside the bare forwarder in the same run: `npm run bench`. Both stand before the same provider;
 * virtual key, budget, limits and ledger are on. Options: `--quick` for a tenth of the requests, `--write` to put the result into RESULTS.md.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Job, paced, percentile, saturate } from './load.ts'
import { cpuSeconds, residentMegabytes, type Served, serveScript } from './process.ts'

const scale = process.argv.includes('--quick') ? 0.1 : 1
const chunks = 100
const lines = 32
const masterKey = 'sk-bench-master-key-0123456789'

const scratch = mkdtempSync(join(tmpdir(), 'turnpike-bench-'))
const provider = await serveScript('bench/provider.ts', [], { BENCH_CHUNKS: String(chunks) }, /ready (\d+)/)
const upstream = `http://127.0.0.1:${provider.port}`
const forwarder = await serveScript('bench/forwarder.ts', [], { BENCH_UPSTREAM: upstream }, /ready (\d+)/)
const gateway = await startGateway()
const key = await virtualKey(gateway)

const say = (content: string) => [{ role: 'user', content }]
const body = (model: string, stream: boolean) =>
  JSON.stringify({
    model,
    messages: say('Say hello to the people on the other side of this gateway, in one short and friendly sentence.'),
    ...(stream && { stream: true }),
    max_tokens: 200,
  })
const through = (served: Served, path: string, model: string, stream: boolean): Job => ({
  port: served.port,
  path,
  key,
  body: body(model, stream),
})

const jobs = {
  'forwarder, whole': [forwarder, through(forwarder, '/v1/chat/completions', 'gpt-4o', false), 1],
  'gateway, same format, whole': [gateway, through(gateway, '/v1/chat/completions', 'gpt-4o', false), 1],
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
const latency = { direct: await pace(provider), forwarder: await pace(forwarder), gateway: await pace(gateway) }
const afterMegabytes = residentMegabytes(gateway.pid)

const text = report()
console.log(text)
if (process.argv.includes('--write')) writeResults(text)
await Promise.all([gateway.stop(), forwarder.stop(), provider.stop()])
rmSync(scratch, { recursive: true, force: true })

async function startGateway(): Promise<Served> {
  const file = join(scratch, 'config.yaml')
  const model = (name: string, target: string) =>
    `  - model_name: ${name}\n    litellm_params: {model: ${target}, api_base: "${upstream}/v1", api_key: sk-bench}\n`
  writeFileSync(
    file,
    `model_list:\n${model('gpt-4o', 'openai/gpt-4o')}${model('claude', 'anthropic/claude-sonnet-4-5')}general_settings:\n  master_key: ${masterKey}\n  database_url: "sqlite:${join(scratch, 'bench.db')}"\n`,
  )
  return serveScript(
    'gateway/src/main.ts',
    ['--config', file, '--host', '127.0.0.1', '--port', '0'],
    {},
    /listens on http:\/\/[^:]+:(\d+)/,
  )
}

async function virtualKey({ port }: Served): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/key/generate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${masterKey}` },
    body: JSON.stringify({ models: ['gpt-4o', 'claude'], max_budget: 1_000_000, key_alias: 'bench' }),
  })
  return ((await answer.json()) as { key: string }).key
}

async function measure({ pid }: Served, job: Job, count: number): Promise<Figure> {
  // until the compiler has settled: the first tens of thousands of requests cost half as much again
  await saturate(job, Math.ceil(count * scale), lines)
  const asked = Math.ceil(count * scale)
  const before = cpuSeconds(pid)
  const seconds = await saturate(job, asked, lines)
  return { cpuMicros: ((cpuSeconds(pid) - before) * 1e6) / asked, perSecond: asked / seconds }
}

async function pace(served: Served): Promise<number[]> {
  const job = through(served, '/v1/chat/completions', 'gpt-4o', false)
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
  const added = (share: number) => (percentile(latency.gateway, share) - percentile(latency.direct, share)).toFixed(3)
  const bare = (share: number) => (percentile(latency.forwarder, share) - percentile(latency.direct, share)).toFixed(3)
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
