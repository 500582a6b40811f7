import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { addUsd, subtractUsd, toUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import { type Measures, measures } from '../../store/ledger/rollups.ts'

/** What is counted, while it is being counted. */
export type Tally = { -readonly [M in keyof Measures]: Measures[M] }

export function emptyTally(): Tally {
  return {
    requests: 0,
    successes: 0,
    failures: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    spend: zeroUsd,
  }
}

/** Adds whole numbers; money stays whole nano-dollars. */
export function count(tally: Tally, more: Measures): Tally {
  for (const measure of measures) if (measure !== 'spend') tally[measure] += more[measure]
  tally.spend = addUsd(tally.spend, more.spend)
  return tally
}

export function sumUp(all: Iterable<Measures>): Tally {
  const tally = emptyTally()
  for (const one of all) count(tally, one)
  return tally
}

/** What of the whole is not in the part. */
export function remainder(whole: Measures, part: Measures): Tally {
  const rest = emptyTally()
  for (const measure of measures) if (measure !== 'spend') rest[measure] = whole[measure] - part[measure]
  rest.spend = subtractUsd(whole.spend, part.spend)
  return rest
}

export function isNothing(tally: Measures): boolean {
  return measures.every((measure) => tally[measure] === 0)
}

export function tokensOf({ inputTokens, outputTokens }: Measures): number {
  return inputTokens + outputTokens
}

/** LiteLLM's SpendMetrics. */
export function metricsView(tally: Measures): JsonObject {
  return {
    spend: toUsd(tally.spend),
    prompt_tokens: tally.inputTokens,
    completion_tokens: tally.outputTokens,
    cache_read_input_tokens: tally.cacheReadTokens,
    cache_creation_input_tokens: tally.cacheWriteTokens,
    total_tokens: tokensOf(tally),
    successful_requests: tally.successes,
    failed_requests: tally.failures,
    api_requests: tally.requests,
  }
}

/** The same under LiteLLM's names for totals. */
export function totalsView(tally: Measures): JsonObject {
  return Object.fromEntries(Object.entries(metricsView(tally)).map(([name, value]) => [`total_${name}`, value]))
}
