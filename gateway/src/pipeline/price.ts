import type { Call } from 'turnpike-core/internal/client/call'
import { type NanoUsd, type PicoUsdPerUnit, sumTerms, zeroUsd } from 'turnpike-core/internal/kernel/money'
import { priceOf } from 'turnpike-core/internal/models/book'
import { type Cost, cost } from 'turnpike-core/internal/models/cost'
import { estimateInput } from 'turnpike-core/internal/models/estimate'
import type { Price, Rates } from 'turnpike-core/internal/models/price'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import type { Usage } from 'turnpike-core/internal/vocabulary/usage'

/** The price of a deployment at a moment: its own, else the book's exact entry; undefined when nobody knows. */
export function priceFor(deployment: Deployment, at: number): Price | undefined {
  if (deployment.price) return deployment.price
  const name = deployment.pricedAs ?? deployment.model
  const slash = deployment.pricedAs === undefined ? -1 : name.indexOf('/')
  return slash < 0
    ? priceOf(deployment.provider.name, name, at)
    : priceOf(name.slice(0, slash), name.slice(slash + 1), at)
}

/** What an exchange cost; undefined when the price or the usage is unknown. */
export function costOf(
  usage: Usage | undefined,
  serviceTier: string | undefined,
  deployment: Deployment,
  at: number,
): Cost | undefined {
  const price = usage && priceFor(deployment, at)
  return price && cost(usage, price, serviceTier === undefined ? usual : { serviceTier })
}

const usual = {}

/** Tokens that the request's bytes may come to. */
export function inputEstimate(call: Call): number {
  return estimateInput(call.envelope.bytes.length)
}

/** Answer tokens assumed where neither the request nor the model's profile bounds them. */
const assumedOutput = 16_384

const limitFields = ['max_completion_tokens', 'max_output_tokens', 'max_tokens'] as const

/** The most that a call can cost on any of these deployments; undefined when one of them has no known price. */
export function worstCase(call: Call, deployments: readonly Deployment[], at: number): NanoUsd | undefined {
  const input = inputEstimate(call)
  const asked = askedOutput(call)
  let worst = zeroUsd
  for (const deployment of deployments) {
    const price = priceFor(deployment, at)
    if (!price) return undefined
    const output = (asked ?? deployment.profile.maxOutputTokens ?? assumedOutput) * answers(call)
    const rates = highestRates(price)
    worst = Math.max(
      worst,
      sumTerms([
        { units: input, rate: rates.input },
        { units: output, rate: rates.output },
        { units: 1, rate: rates.request },
      ]),
    ) as NanoUsd
  }
  return worst
}

interface HighestRates {
  readonly input: PicoUsdPerUnit
  readonly output: PicoUsdPerUnit
  readonly request: PicoUsdPerUnit
}

const highest = new WeakMap<Price, HighestRates>()

/** The dearest rate per token that a price can come to, over its buckets, context tiers and service tiers. */
function highestRates(price: Price): HighestRates {
  const known = highest.get(price)
  if (known) return known
  const sets = [
    price.rates,
    ...(price.tiers ?? []).map((tier) => tier.rates),
    ...Object.values(price.serviceTiers ?? {}),
  ]
  const most = (...fields: (keyof Omit<Rates, 'calls'>)[]) =>
    Math.max(0, ...sets.flatMap((rates) => fields.map((field) => rates[field] ?? 0))) as PicoUsdPerUnit
  const made = {
    input: most('input', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'audioIn', 'imageIn'),
    output: most('output', 'reasoning', 'audioOut', 'imageOut'),
    request: most('request'),
  }
  highest.set(price, made)
  return made
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
