import { asNumber, asObject, type JsonObject } from '../kernel/json.ts'
import {
  type NanoUsd,
  nanoUsd,
  type PicoUsdPerUnit,
  subtractUsd,
  sumTerms,
  type Term,
  zeroUsd,
} from '../kernel/money.ts'
import type { MeasureName, Usage } from '../vocabulary/usage.ts'
import type { Price, PriceTier, RateBucket, Rates } from './price.ts'
import { splitCost } from './split.ts'

/** What a call costs, in parts that add up: `input + cacheRead + cacheWrite + output + calls = total`, exactly. */
export interface Cost {
  readonly total: NanoUsd
  /** what was read anew: text, audio, images, characters, pages, and the time of a call that is billed by the second */
  readonly input: NanoUsd
  readonly cacheRead: NanoUsd
  readonly cacheWrite: NanoUsd
  /** what was made: tokens, and images, sound or video by their size */
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
  /** how much search context was asked for: low, medium or high */
  readonly searchContext?: string
}

/**
 * What the provider itself says that a call cost, in its usage object: dollars at OpenRouter and Perplexity
 * (https://openrouter.ai/docs/use-cases/usage-accounting, https://docs.perplexity.ai/api-reference/chat-completions-post), ticks of
 * which ten billion are a dollar at xAI (https://docs.x.ai/developers/cost-tracking).
 */
export function reportedCost(raw: JsonObject | undefined): NanoUsd | undefined {
  if (!raw) return undefined
  const ticks = asNumber(raw.cost_in_usd_ticks)
  const told =
    asNumber(raw.cost) ?? asNumber(asObject(raw.cost)?.total_cost) ?? (ticks === undefined ? ticks : ticks / 1e10)
  // with a key of the customer's own OpenRouter bills its fee, and the vendor the rest
  const vendor = raw.is_byok === true ? (asNumber(asObject(raw.cost_details)?.upstream_inference_cost) ?? 0) : 0
  if (told === undefined || !(told >= 0) || !(vendor >= 0)) return undefined
  const total = nanoUsd(told + vendor)
  return Number.isSafeInteger(total) ? total : undefined
}

/** A cost with the total that the provider reports: the parts are those of the list in proportion, and still add up to it. */
export function costAsReported(total: NanoUsd, usage: Usage, listed: Cost | undefined): Cost {
  const reported = { total, incomplete: false, rates: listed?.rates ?? {}, version: 'reported' }
  if (listed?.total === total) return { ...listed, ...reported }
  const { input = zeroUsd, cacheRead = zeroUsd, cacheWrite = zeroUsd, output = zeroUsd, calls = zeroUsd } = listed ?? {}
  const parts = { input, cacheRead, cacheWrite, output, calls }
  const sum = listed?.total ?? zeroUsd
  const shares = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, sum > 0 ? part / sum : 0]))
  // without a list price to divide it by, all of it is one part
  const divided = splitCost(total, sum > 0 ? shares : usage.output > 0 ? { output: 1 } : { input: 1 })
  const share = (name: keyof typeof parts): NanoUsd => divided[name] ?? zeroUsd
  const thinking = listed && listed.output > 0 ? listed.reasoning / listed.output : 0
  return {
    ...reported,
    input: share('input'),
    cacheRead: share('cacheRead'),
    cacheWrite: share('cacheWrite'),
    output: share('output'),
    reasoning: Math.round(share('output') * thinking) as NanoUsd,
    calls: share('calls'),
  }
}

/** Whose rate a bucket is charged at when it has none of its own, nearest first. */
const parents: { readonly [B in RateBucket]?: readonly RateBucket[] } = {
  cacheRead: ['input'],
  cacheReadAudio: ['cacheRead', 'input'],
  cacheReadImage: ['cacheRead', 'input'],
  cacheWrite5m: ['input'],
  cacheWrite1h: ['cacheWrite5m', 'input'],
  audioIn: ['input'],
  imageIn: ['input'],
  reasoning: ['output'],
  audioOut: ['output'],
  imageOut: ['output'],
}

/** Measures of what was read; `seconds` is not here, because the time of a call is billed only where nothing else of it is. */
const measuresIn: readonly MeasureName[] = [
  'audioSecondsIn',
  'videoSecondsIn',
  'charactersIn',
  'imagesIn',
  'pixelsIn',
  'queries',
  'pages',
  'annotatedPages',
  'citationTokens',
]
const measuresOut: readonly MeasureName[] = [
  'audioSecondsOut',
  'videoSecondsOut',
  'charactersOut',
  'imagesOut',
  'pixelsOut',
]

/**
 * The one cost function: list prices and custom ones, whole answers, streams, batches and pass-through. The exact sum is rounded
 * once; the parts are differences of rounded running sums, so that they add up to it.
 */
export function cost(usage: Usage, price: Price, context: CostContext = {}): Cost {
  const rates = ratesFor(price, usage.input, context.serviceTier)
  const bill = billing(usage, rates)
  bill.add('input', usage.fresh)
  bill.add('audioIn', usage.audioIn)
  bill.add('imageIn', usage.imageIn)
  bill.addMeasures(measuresIn)
  if (!measuresMedia(usage, rates)) bill.addMeasures(['seconds'])
  const input = bill.close()
  const cachedAudio = usage.cacheReadAudio ?? 0
  const cachedImages = usage.cacheReadImage ?? 0
  bill.add('cacheRead', usage.cacheRead - cachedAudio - cachedImages)
  bill.add('cacheReadAudio', cachedAudio)
  bill.add('cacheReadImage', cachedImages)
  const cacheRead = bill.close()
  bill.add('cacheWrite5m', usage.cacheWrite5m)
  bill.add('cacheWrite1h', usage.cacheWrite1h)
  const cacheWrite = bill.close()
  const imageOut = usage.imageOut ?? 0
  bill.add('output', usage.output - usage.reasoning - usage.audioOut - imageOut)
  bill.add('audioOut', usage.audioOut)
  bill.add('imageOut', imageOut)
  bill.add('reasoning', usage.reasoning)
  bill.addMeasures(measuresOut)
  const output = bill.close()
  for (const [name, count] of Object.entries(usage.calls))
    bill.addCall(sized(rates, name, context.searchContext), count)
  if (rates.request !== undefined) bill.add('request', 1)
  const calls = bill.close()
  const reasoning = Math.min(output, sumTerms(termsOf(rates.reasoning ?? 0, usage.reasoning))) as NanoUsd
  const { total, incomplete } = bill.sum()
  return { total, input, cacheRead, cacheWrite, output, reasoning, calls, incomplete, rates, version: price.version }
}

/** Whether the sound or the pictures of a call are billed by the second: then the time it took is not. */
function measuresMedia({ measures }: Usage, { measures: rates }: Rates): boolean {
  if (!measures || !rates) return false
  const media = ['audioSecondsIn', 'audioSecondsOut', 'videoSecondsIn', 'videoSecondsOut'] as const
  return media.some((name) => (measures[name] ?? 0) > 0 && rates[name] !== undefined)
}

/** The name under which a call is priced: a search with more or less context than usual may have a rate of its own. */
function sized({ calls }: Rates, name: string, searchContext: string | undefined): string {
  const own = `${name}_${searchContext}`
  return calls && searchContext !== undefined && Object.hasOwn(calls, own) ? own : name
}

/** Gathers terms; `close` gives what was added since the last one. */
function billing(usage: Usage, rates: Rates) {
  const terms: Term[] = []
  let total = zeroUsd
  let unpricedTokens = false
  let unpricedCalls = false
  let otherwise = false
  const charge = (rate: PicoUsdPerUnit | undefined, units: number): boolean => {
    if (!(units > 0)) return true
    if (rate !== undefined) terms.push(...termsOf(rate, units))
    return rate !== undefined
  }
  return {
    add(bucket: RateBucket, units: number): void {
      if (!charge(rates[bucket], units)) unpricedTokens = true
      if (bucket === 'request') otherwise = true
    },
    addMeasures(names: readonly MeasureName[]): void {
      for (const name of names) {
        const units = usage.measures?.[name] ?? 0
        if (units > 0 && charge(rates.measures?.[name], units)) otherwise = true
      }
    },
    addCall(name: string, count: number): void {
      const rate = rates.calls && Object.hasOwn(rates.calls, name) ? rates.calls[name] : undefined
      if (!charge(rate, count)) unpricedCalls = true
    },
    close(): NanoUsd {
      const before = total
      total = sumTerms(terms)
      return subtractUsd(total, before)
    },
    sum() {
      // a price by the second, image, page or request alone covers the tokens; measures that the tokens cover need no rate
      const byTokens = rates.input !== undefined || rates.output !== undefined
      const tokens = unpricedTokens && (byTokens || !otherwise)
      const measures = !otherwise && usage.input + usage.output === 0 && measuresContent(usage)
      return { total, incomplete: tokens || unpricedCalls || measures }
    },
  }
}

function measuresContent({ measures }: Usage): boolean {
  return measures !== undefined && [...measuresIn, ...measuresOut].some((name) => (measures[name] ?? 0) > 0)
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
  return {
    ...under,
    ...over,
    ...((under.calls || over.calls) && { calls: { ...under.calls, ...over.calls } }),
    ...((under.measures || over.measures) && { measures: { ...under.measures, ...over.measures } }),
  }
}

/** A service tier's rates at a size: they grow as the plain rates grow. A bucket that the size does not change stays as it is. */
function scale(served: Rates, plain: Rates, sized: Rates): Rates {
  const out: { -readonly [K in keyof Rates]: Rates[K] } = { ...served }
  for (const bucket of Object.keys(served) as (keyof Rates)[]) {
    if (bucket === 'calls' || bucket === 'measures') continue
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
  for (const [bucket, chain] of Object.entries(parents) as [RateBucket, readonly RateBucket[]][]) {
    if (out[bucket] !== undefined) continue
    const rate = chain.map((parent) => rates[parent]).find((found) => found !== undefined)
    if (rate !== undefined) out[bucket] = rate
  }
  return out
}
