import { type NanoUsd, type PicoUsdPerUnit, subtractUsd, sumTerms, type Term, zeroUsd } from '../kernel/money.ts'
import type { Usage } from '../vocabulary/usage.ts'
import type { Price, PriceTier, Rates } from './price.ts'

/** What a call costs, in parts that add up: `input + cacheRead + cacheWrite + output + calls = total`, exactly. */
export interface Cost {
  readonly total: NanoUsd
  /** tokens read anew: text, audio and images */
  readonly input: NanoUsd
  readonly cacheRead: NanoUsd
  readonly cacheWrite: NanoUsd
  readonly output: NanoUsd
  /** the part of `output` that went into reasoning */
  readonly reasoning: NanoUsd
  /** built-in tools by the call, and the fee per request where there is one */
  readonly calls: NanoUsd
  /** something was used that the price has no rate for: it is in no part, and the true cost is higher */
  readonly incomplete: boolean
  /** the rates that were applied, every bucket filled in */
  readonly rates: Rates
  /** the edition of the price */
  readonly version: string
}

/** What besides the usage decides the rates. */
export interface CostContext {
  /** the tier that the provider says it served the call at */
  readonly serviceTier?: string
}

type Bucket = Exclude<keyof Rates, 'calls'>

/** Whose rate a bucket is charged at when it has none of its own, nearest first. */
const parents: { readonly [B in Bucket]?: readonly Bucket[] } = {
  cacheRead: ['input'],
  cacheWrite5m: ['input'],
  cacheWrite1h: ['cacheWrite5m', 'input'],
  audioIn: ['input'],
  imageIn: ['input'],
  reasoning: ['output'],
  audioOut: ['output'],
  imageOut: ['output'],
}

/**
 * The one cost function: list prices and custom ones, whole answers, streams, batches and pass-through. The exact sum is rounded
 * once; the parts are differences of rounded running sums, so that they add up to it.
 */
export function cost(usage: Usage, price: Price, context: CostContext = {}): Cost {
  const rates = ratesFor(price, usage.input, context.serviceTier)
  const bill = billing(rates)
  bill.add('input', usage.fresh)
  bill.add('audioIn', usage.audioIn)
  bill.add('imageIn', usage.imageIn)
  const input = bill.close()
  bill.add('cacheRead', usage.cacheRead)
  const cacheRead = bill.close()
  bill.add('cacheWrite5m', usage.cacheWrite5m)
  bill.add('cacheWrite1h', usage.cacheWrite1h)
  const cacheWrite = bill.close()
  const imageOut = usage.imageOut ?? 0
  bill.add('output', usage.output - usage.reasoning - usage.audioOut - imageOut)
  bill.add('audioOut', usage.audioOut)
  bill.add('imageOut', imageOut)
  bill.add('reasoning', usage.reasoning)
  const output = bill.close()
  for (const [name, count] of Object.entries(usage.calls)) bill.addCall(name, count)
  if (rates.request !== undefined) bill.add('request', 1)
  const calls = bill.close()
  const reasoning = Math.min(output, sumTerms(termsOf(rates.reasoning ?? 0, usage.reasoning))) as NanoUsd
  const { total, incomplete } = bill.sum()
  return { total, input, cacheRead, cacheWrite, output, reasoning, calls, incomplete, rates, version: price.version }
}

/** Gathers terms; `close` gives what was added since the last one. */
function billing(rates: Rates) {
  const terms: Term[] = []
  let total = zeroUsd
  let incomplete = false
  const charge = (rate: PicoUsdPerUnit | undefined, units: number): void => {
    if (!(units > 0)) return
    if (rate === undefined) incomplete = true
    else terms.push(...termsOf(rate, units))
  }
  return {
    add: (bucket: Bucket, units: number) => charge(rates[bucket], units),
    addCall: (name: string, count: number) =>
      charge(rates.calls && Object.hasOwn(rates.calls, name) ? rates.calls[name] : undefined, count),
    close(): NanoUsd {
      const before = total
      total = sumTerms(terms)
      return subtractUsd(total, before)
    },
    sum: () => ({ total, incomplete }),
  }
}

/** Measured units (seconds of audio) may be fractions; their term is brought to whole pico-dollars. */
function termsOf(rate: number, units: number): Term[] {
  if (!(units > 0)) return []
  if (Number.isInteger(units)) return [{ units, rate: rate as PicoUsdPerUnit }]
  return [{ units: Math.round(units * rate), rate: 1 as PicoUsdPerUnit }]
}

const resolved = new WeakMap<Price, Map<string, Rates>>()

/** The rates that hold for a request of this size at this service tier, every bucket filled from its parent. */
export function ratesFor(price: Price, inputTokens: number, serviceTier?: string): Rates {
  const tier = tierFor(price, inputTokens)
  const service = serviceTier !== undefined && servesAt(price, tier, serviceTier) ? serviceTier : undefined
  const key = `${tier?.aboveInputTokens ?? ''}/${service ?? ''}`
  const known = resolved.get(price)?.get(key)
  if (known) return known
  const made = fill(combine(price, tier, service))
  const ofPrice = resolved.get(price) ?? new Map<string, Rates>()
  ofPrice.set(key, made)
  resolved.set(price, ofPrice)
  return made
}

function tierFor({ tiers = [] }: Price, inputTokens: number): PriceTier | undefined {
  let best: PriceTier | undefined
  for (const tier of tiers)
    if (inputTokens > tier.aboveInputTokens && tier.aboveInputTokens >= (best?.aboveInputTokens ?? 0)) best = tier
  return best
}

function servesAt(price: Price, tier: PriceTier | undefined, name: string): boolean {
  return [price.serviceTiers, tier?.serviceTiers].some((tiers) => tiers && Object.hasOwn(tiers, name))
}

function combine(price: Price, tier: PriceTier | undefined, service: string | undefined): Rates {
  const sized = tier ? overlay(price.rates, tier.rates) : price.rates
  if (service === undefined) return sized
  const served = price.serviceTiers?.[service] ?? {}
  const inProportion = tier ? scale(served, price.rates, tier.rates) : served
  return overlay(overlay(sized, inProportion), tier?.serviceTiers?.[service] ?? {})
}

function overlay(under: Rates, over: Rates): Rates {
  const calls = under.calls && over.calls ? { ...under.calls, ...over.calls } : (over.calls ?? under.calls)
  return { ...under, ...over, ...(calls && { calls }) }
}

/** A service tier's rates at a size: they grow as the plain rates grow. A bucket that the size does not change stays as it is. */
function scale(served: Rates, plain: Rates, sized: Rates): Rates {
  const out: { -readonly [K in keyof Rates]: Rates[K] } = { ...served }
  for (const bucket of Object.keys(served) as (keyof Rates)[]) {
    if (bucket === 'calls') continue
    const rate = served[bucket]
    const from = plain[bucket]
    const to = sized[bucket]
    if (rate === undefined || !from || to === undefined) continue
    out[bucket] = Number((BigInt(rate) * BigInt(to) * 2n + BigInt(from)) / (BigInt(from) * 2n)) as PicoUsdPerUnit
  }
  return out
}

function fill(rates: Rates): Rates {
  const out: { -readonly [K in keyof Rates]: Rates[K] } = { ...rates }
  for (const [bucket, chain] of Object.entries(parents) as [Bucket, readonly Bucket[]][]) {
    if (out[bucket] !== undefined) continue
    const rate = chain.map((parent) => rates[parent]).find((found) => found !== undefined)
    if (rate !== undefined) out[bucket] = rate
  }
  return out
}
