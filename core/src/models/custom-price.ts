import { GatewayError } from '../kernel/faults.ts'
import { asArray, asNumber, isObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { PicoUsdPerUnit } from '../kernel/money.ts'
import { type MutableRates, priceField, readRate, setMeasure } from './custom-price-fields.ts'
import type { Price, PriceTier, RateBucket, Rates } from './price.ts'

/** What the fields say, by size (0 is any) and, for service tiers, by their name first. */
interface Draft {
  readonly rates: MutableRates
  readonly tiers: Map<number, MutableRates>
  readonly services: Map<string, Map<number, MutableRates>>
  /** prices by the second that do not say of what */
  readonly seconds: Map<string, PicoUsdPerUnit>
}

const looksLikePrice = /(^|_)(cost|price|pricing)(_|$)/
const secondFields: ReadonlySet<string> = new Set([
  'cost_per_second',
  'input_cost_per_second',
  'output_cost_per_second',
])

/**
 * The price that LiteLLM's custom pricing fields describe; undefined when there are none of them. Zero is a price: the model is
 * free. Throws `misconfigured` for a value that is no price.
 */
export function customPrice(fields: JsonObject): Price | undefined {
  const draft: Draft = { rates: {}, tiers: new Map(), services: new Map(), seconds: new Map() }
  const known = Object.entries(fields).filter(([field, value]) => isGiven(value) && isUnderstood(field))
  if (known.length === 0) return undefined
  for (const [field, value = null] of known) {
    if (field === 'tiered_pricing') readRanges(draft, value)
    else if (secondFields.has(field)) draft.seconds.set(field, readRate(field, value))
    else readInto(draft, { field, value })
  }
  setSeconds(draft)
  return assemble(draft)
}

/** Fields that look like prices and are not understood, so that the configuration can warn of them. */
export function unsupportedPriceFields(fields: JsonObject): readonly string[] {
  return Object.keys(fields).filter(
    (field) => isGiven(fields[field]) && looksLikePrice.test(field) && !isUnderstood(field),
  )
}

function isGiven(value: Json | undefined): boolean {
  return value !== undefined && value !== null
}

function isUnderstood(field: string): boolean {
  return field === 'tiered_pricing' || secondFields.has(field) || priceField(field) !== undefined
}

function readInto(draft: Draft, { field, value, from = 0 }: { field: string; value: Json; from?: number }): void {
  const found = priceField(field)
  if (!found) return
  const above = found.above || from
  const sizes = found.service === undefined ? undefined : at(draft.services, found.service, () => new Map())
  const rates = sizes ? at(sizes, above, () => ({})) : above === 0 ? draft.rates : at(draft.tiers, above, () => ({}))
  found.set(rates, field, value)
}

/**
 * `tiered_pricing`: rates by ranges of input tokens. The range that the whole input falls in holds for every token of the request
 * (https://www.alibabacloud.com/help/en/model-studio/model-pricing).
 */
function readRanges(draft: Draft, value: Json): void {
  const entries = asArray(value).filter(isObject)
  if (!Array.isArray(value) || entries.length === 0 || entries.length !== value.length) throw notRanges()
  for (const { range, ...fields } of entries) {
    const from = asNumber(asArray(range)[0])
    if (from === undefined || !Number.isSafeInteger(from) || from < 0) throw notRanges()
    for (const [field, rate = null] of Object.entries(fields))
      if (isGiven(rate)) readInto(draft, { field, value: rate, from })
  }
}

function notRanges(): GatewayError {
  return new GatewayError(
    'misconfigured',
    'tiered_pricing: give a list of ranges with their prices, like [{range: [0, 128000], input_cost_per_token: 0.000001}]',
    { param: 'tiered_pricing' },
  )
}

/**
 * A price by the second is for the time of the whole call, charged once, and is ignored where tokens have a price
 * (https://docs.litellm.ai/docs/sdk_custom_pricing). For sound and video it is for their length.
 */
function setSeconds({ rates, seconds }: Draft): void {
  if (seconds.size === 0 || (rates.input ?? 0) > 0 || (rates.output ?? 0) > 0) return
  const input = seconds.get('input_cost_per_second')
  const output = seconds.get('output_cost_per_second')
  const set = (name: Parameters<typeof setMeasure>[1], rate: PicoUsdPerUnit | undefined) => {
    if (rate !== undefined && rates.measures?.[name] === undefined) setMeasure(rates, name, rate)
  }
  set('seconds', seconds.get('cost_per_second') ?? input ?? output)
  set('audioSecondsIn', input ?? output)
  set('audioSecondsOut', output ?? input)
  set('videoSecondsOut', output ?? input)
}

function assemble({ rates, tiers, services }: Draft): Price {
  for (const sizes of services.values()) for (const above of sizes.keys()) if (above > 0) at(tiers, above, () => ({}))
  const list = [...tiers].sort(([a], [b]) => a - b)
  return {
    rates,
    ...(list.length > 0 && {
      tiers: list.map(([above, sized]) => ({ aboveInputTokens: above, rates: sized, ...servicesAt(services, above) })),
    }),
    ...servicesAt(services, 0),
    version: 'config',
  }
}

function servicesAt(services: Draft['services'], above: number): { serviceTiers?: Record<string, Rates> } {
  const found: Record<string, Rates> = {}
  for (const [name, sizes] of services) {
    const rates = sizes.get(above)
    if (rates) found[name] = rates
  }
  return Object.keys(found).length > 0 ? { serviceTiers: found } : {}
}

function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

const inputBuckets: readonly RateBucket[] = [
  'input',
  'cacheRead',
  'cacheReadAudio',
  'cacheReadImage',
  'cacheWrite5m',
  'cacheWrite1h',
  'audioIn',
  'imageIn',
]
const outputBuckets: readonly RateBucket[] = ['output', 'reasoning', 'audioOut', 'imageOut']

const completed = new WeakMap<Price, { readonly listed: Price; readonly made: Price }>()

/**
 * A price of a deployment's own that leaves something open, filled from the model's list price: whoever states only what input
 * costs means the listed output. A stated input replaces everything listed for input, a stated output likewise. A price by the
 * second and a free model stand alone.
 */
export function completePrice(stated: Price, listed: Price | undefined): Price {
  const { input, output, measures } = stated.rates
  if (!listed || measures?.seconds !== undefined || (input === 0 && output === 0)) return stated
  const known = completed.get(stated)
  if (known?.listed === listed) return known.made
  const made = overlayPrice(stated, listed)
  completed.set(stated, { listed, made })
  return made
}

function overlayPrice(stated: Price, listed: Price): Price {
  const replaced = new Set<string>([
    ...(stated.rates.input === undefined ? [] : inputBuckets),
    ...(stated.rates.output === undefined ? [] : outputBuckets),
  ])
  const left = (rates: Rates): Rates =>
    Object.fromEntries(Object.entries(rates).filter(([bucket]) => !replaced.has(bucket)))
  const leftOf = <T extends Price | PriceTier>(set: T): T => ({
    ...set,
    rates: left(set.rates),
    ...(set.serviceTiers && {
      serviceTiers: Object.fromEntries(Object.entries(set.serviceTiers).map(([name, rates]) => [name, left(rates)])),
    }),
  })
  const { rates, serviceTiers, tiers } = leftOf(listed)
  const calls = { ...rates.calls, ...stated.rates.calls }
  const sized = stated.tiers ?? tiers?.map(leftOf)
  return {
    rates: { ...rates, ...stated.rates, ...(Object.keys(calls).length > 0 && { calls }) },
    ...(sized && { tiers: sized }),
    ...((serviceTiers || stated.serviceTiers) && { serviceTiers: { ...serviceTiers, ...stated.serviceTiers } }),
    version: `${stated.version}+${listed.version}`,
  }
}
