import type { Call } from 'turnpike-core/internal/client/call'
import { callOf } from 'turnpike-core/internal/client/call'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { createRouter } from 'turnpike-core/internal/router/create'
import { strategyNames } from 'turnpike-core/internal/router/strategies/index'

/** What choosing costs: microseconds per call of a group of 1, 10 and 100 deployments, by strategy. The calls are answered by a mock. */

const rounds = 20_000
const sizes = [1, 10, 100]

function routerOf(size: number, strategy: string, params: (at: number) => JsonObject) {
  const entries = Array.from({ length: size }, (_, at) => ({
    model_name: 'm',
    litellm_params: { model: 'openai/gpt-4o', api_key: `sk-${at}`, mock_response: 'hi', ...params(at) },
    model_info: { id: `d${at}` },
  }))
  return createRouter(
    entries,
    { strategy },
    {
      fetch: () => Promise.reject(new Error('nobody is called here')),
      now: Date.now,
      tick: () => performance.now(),
      dice: Math.random,
      sleep: () => Promise.resolve(),
      environment: {},
    },
  )
}

async function measure(size: number, strategy: string, params: (at: number) => JsonObject): Promise<number> {
  const router = routerOf(size, strategy, params)
  const bytes = new TextEncoder().encode(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }))
  const call: Call = callOf({ format: 'openai-chat', bytes })
  const group = router.group('m')
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < 5; run++) {
    const begun = performance.now()
    for (let at = 0; at < rounds; at++) {
      const answer = await router.ask(call, group)
      answer.done({ inputTokens: 5, outputTokens: 5 })
    }
    best = Math.min(best, ((performance.now() - begun) * 1000) / rounds)
  }
  return best
}

const cases: readonly (readonly [name: string, strategy: string, params: (at: number) => JsonObject])[] = [
  ...strategyNames.map((name) => [name, name, () => ({})] as const),
  ['simple-shuffle with weights', 'simple-shuffle', (at) => ({ weight: at + 1 })],
  ['simple-shuffle with rpm and tpm', 'simple-shuffle', () => ({ rpm: 1e9, tpm: 1e12 })],
  ['simple-shuffle with levels', 'simple-shuffle', (at) => ({ order: at % 3 })],
]

/** Microseconds that a call of a group of 100 deployments takes longer than one of a group of one, for the strategy that costs most. */
export async function choosingMicros(): Promise<number> {
  const more: number[] = []
  for (const name of strategyNames)
    more.push((await measure(100, name, () => ({}))) - (await measure(1, name, () => ({}))))
  return Math.max(...more)
}

if (import.meta.main) {
  console.log(`${'µs per call'.padEnd(34)}${sizes.map((size) => String(size).padStart(9)).join('')}   100 over 1`)
  for (const [name, strategy, params] of cases) {
    const times: number[] = []
    for (const size of sizes) times.push(await measure(size, strategy, params))
    const more = (times.at(-1) ?? 0) - (times[0] ?? 0)
    console.log(`${name.padEnd(34)}${times.map((time) => time.toFixed(2).padStart(9)).join('')}   ${more.toFixed(2)}`)
  }
}
