import type { Call } from 'turnpike-core/internal/client/call'
import { type NanoUsd, type PicoUsdPerUnit, sumTerms, type Term, zeroUsd } from 'turnpike-core/internal/kernel/money'
import { ratesFor } from 'turnpike-core/internal/models/cost'
import { estimateBody, estimateInput } from 'turnpike-core/internal/models/estimate'
import type { Price, RateBucket } from 'turnpike-core/internal/models/price'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import { askedTier, priceFor } from 'turnpike-core/internal/router/price'
import type { MeasureName, Measures } from 'turnpike-core/internal/vocabulary/usage'

const estimates = new WeakMap<Uint8Array, number>()

/** Tokens that the request's bytes may come to. */
export function inputEstimate({ envelope: { bytes } }: Call): number {
  if (bytes.length < smallBody) return estimateInput(bytes.length)
  const known = estimates.get(bytes)
  if (known !== undefined) return known
  const made = estimateBody(bytes)
  estimates.set(bytes, made)
  return made
}

/** Smaller bodies hold no file that is worth looking for. */
const smallBody = 16_384

/** Answer tokens assumed where neither the request nor the model's profile bounds them. */
const assumedOutput = 16_384

const limitFields = ['max_completion_tokens', 'max_output_tokens', 'max_tokens'] as const

/**
 * The most that a call can cost on any of these deployments; undefined when one of them has no known price. What cannot be known
 * before the call is not in it: how long it takes, and how often the provider's own tools are called.
 */
export function worstCase(call: Call, deployments: readonly Deployment[], at: number): NanoUsd | undefined {
  const input = inputEstimate(call)
  const asked = askedOutput(call)
  const count = answers(call)
  let worst = zeroUsd
  for (const deployment of deployments) {
    const price = priceFor(deployment, at)
    if (!price) return undefined
    const output = (asked ?? deployment.profile.maxOutputTokens ?? assumedOutput) * count
    const rates = highestRates(price, askedTier(call, deployment))
    const known: Measures = {
      charactersIn: call.envelope.bytes.length,
      charactersOut: output * charactersPerToken,
      imagesOut: count,
      queries: 1,
    }
    const terms: Term[] = [
      { units: input, rate: rates.input },
      { units: output, rate: rates.output },
      { units: 1, rate: rates.request },
    ]
    for (const [name, rate] of rates.measures) terms.push({ units: known[name] ?? 0, rate })
    worst = Math.max(worst, sumTerms(terms)) as NanoUsd
  }
  return worst
}

/** Characters that a token stands for in an answer, at the most that is usual. */
const charactersPerToken = 5

interface HighestRates {
  readonly input: PicoUsdPerUnit
  readonly output: PicoUsdPerUnit
  readonly request: PicoUsdPerUnit
  readonly measures: readonly (readonly [name: MeasureName, rate: PicoUsdPerUnit])[]
}

/** Tiers that a caller who names them is served at, or at the usual one; anything else may be served at any tier. */
const namedTiers: Readonly<Record<string, readonly string[]>> = {
  default: [],
  standard: [],
  standard_only: [],
  on_demand: [],
  flex: ['flex'],
}

const highest = new WeakMap<Price, Map<string, HighestRates>>()

/** The dearest rates that a price can come to, over its buckets, context tiers and the service tiers that it may be served at. */
function highestRates(price: Price, tier = 'auto'): HighestRates {
  // names come from callers: only those that make a difference are remembered
  const asked = Object.hasOwn(namedTiers, tier) ? tier : 'auto'
  const known = highest.get(price)?.get(asked)
  if (known) return known
  const made = gatherRates(price, namedTiers[asked])
  const ofPrice = highest.get(price) ?? new Map<string, HighestRates>()
  highest.set(price, ofPrice.set(asked, made))
  return made
}

function gatherRates(price: Price, served: readonly string[] | undefined): HighestRates {
  const sets = [undefined, ...(price.tiers ?? []).map(({ aboveInputTokens }) => aboveInputTokens + 1)].flatMap((size) =>
    [undefined, ...tiersOf(price, served)].map((tier) => ratesFor(price, size ?? 0, tier)),
  )
  const most = (...fields: RateBucket[]) =>
    Math.max(0, ...sets.flatMap((rates) => fields.map((field) => rates[field] ?? 0))) as PicoUsdPerUnit
  const names = new Set(sets.flatMap(({ measures = {} }) => Object.keys(measures) as MeasureName[]))
  return {
    input: most(
      'input',
      'cacheRead',
      'cacheReadAudio',
      'cacheReadImage',
      'cacheWrite5m',
      'cacheWrite1h',
      'audioIn',
      'imageIn',
    ),
    output: most('output', 'reasoning', 'audioOut', 'imageOut'),
    request: most('request'),
    measures: [...names].map(
      (name) => [name, Math.max(...sets.map(({ measures }) => measures?.[name] ?? 0)) as PicoUsdPerUnit] as const,
    ),
  }
}

/** The service tiers of a price that a single call may be served at; a batch is not one. */
function tiersOf(price: Price, served: readonly string[] | undefined): readonly string[] {
  const all = [price, ...(price.tiers ?? [])].flatMap(({ serviceTiers = {} }) => Object.keys(serviceTiers))
  return all.filter((name) => (served ? served.includes(name) : name !== 'batch'))
}

/** Tokens that the answer may come to, as far as the request says. */
export function outputEstimate(call: Call): number {
  return (askedOutput(call) ?? 0) * answers(call)
}

function askedOutput(call: Call): number | undefined {
  for (const field of limitFields) {
    const value = call.field(field)
    if (typeof value === 'number' && value > 0) return value
  }
  const generation = call.field('generationConfig') ?? call.field('generation_config')
  const limit = (generation as { maxOutputTokens?: unknown } | null | undefined)?.maxOutputTokens
  return typeof limit === 'number' && limit > 0 ? limit : undefined
}

function answers(call: Call): number {
  const n = call.field('n')
  return typeof n === 'number' && n > 1 ? Math.min(128, Math.ceil(n)) : 1
}
