import { GatewayError } from '../kernel/faults.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { type PicoUsdPerUnit, picoUsd } from '../kernel/money.ts'
import type { Price, Rates } from './price.ts'

type MutableRates = { -readonly [K in keyof Rates]: Rates[K] }

/** What the fields say, by size (0 is any) and, for service tiers, by their name first. */
interface Draft {
  readonly rates: MutableRates
  readonly tiers: Map<number, MutableRates>
  readonly services: Map<string, Map<number, MutableRates>>
}

/** LiteLLM's names of token prices: dollars per token (https://docs.litellm.ai/docs/proxy/custom_pricing). */
const tokenFields: Readonly<Record<string, Exclude<keyof Rates, 'calls'>>> = {
  input_cost_per_token: 'input',
  output_cost_per_token: 'output',
  cache_read_input_token_cost: 'cacheRead',
  input_cost_per_token_cache_hit: 'cacheRead',
  cache_creation_input_token_cost: 'cacheWrite5m',
  cache_creation_input_token_cost_above_1hr: 'cacheWrite1h',
  input_cost_per_audio_token: 'audioIn',
  output_cost_per_audio_token: 'audioOut',
  input_cost_per_image_token: 'imageIn',
  output_cost_per_image_token: 'imageOut',
  output_cost_per_reasoning_token: 'reasoning',
  input_cost_per_request: 'request',
}

/** Prices per call: the name in `Usage.calls`, and how many calls the figure buys. */
const callFields: Readonly<Record<string, readonly [name: string, per: number]>> = {
  input_cost_per_query: ['search_unit', 1],
  file_search_cost_per_1k_calls: ['file_search', 1000],
}

const serviceTiers: Readonly<Record<string, string>> = {
  flex: 'flex',
  priority: 'priority',
  batches: 'batch',
  batch_requests: 'batch',
}

const shape = /^(.*?)(?:_above_(\d+)k_tokens)?(?:_(flex|priority|batches|batch_requests))?$/
const looksLikePrice = /(^|_)(cost|price|pricing)(_|$)/

/**
 * The price that LiteLLM's custom pricing fields describe; undefined when there are none of them. Zero is a price: the model is
 * free. Throws `misconfigured` for a value that is no price.
 */
export function customPrice(fields: JsonObject): Price | undefined {
  const draft: Draft = { rates: {}, tiers: new Map(), services: new Map() }
  let any = false
  for (const [field, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue
    const found = readField(field)
    if (!found) continue
    any = true
    const { above, service } = found
    if (service)
      found.set(
        at(
          at(draft.services, service, () => new Map()),
          above,
          () => ({}),
        ),
        field,
        value,
      )
    else found.set(above === 0 ? draft.rates : at(draft.tiers, above, () => ({})), field, value)
  }
  return any ? assemble(draft) : undefined
}

/** Fields that look like prices and are not understood, so that the configuration can warn of them. */
export function unsupportedPriceFields(fields: JsonObject): readonly string[] {
  return Object.keys(fields).filter(
    (field) => fields[field] !== undefined && fields[field] !== null && looksLikePrice.test(field) && !readField(field),
  )
}

interface FoundField {
  readonly above: number
  readonly service: string | undefined
  set(rates: MutableRates, field: string, value: Json): unknown
}

function readField(field: string): FoundField | undefined {
  const [, stem = '', above, suffix] = shape.exec(field) ?? []
  const service = suffix === undefined ? undefined : serviceTiers[suffix]
  const set = setter(stem)
  return set && { above: above === undefined ? 0 : Number(above) * 1000, service, set }
}

function setter(stem: string): FoundField['set'] | undefined {
  if (Object.hasOwn(tokenFields, stem)) {
    const bucket = tokenFields[stem]
    if (bucket) return (rates, field, value) => Object.assign(rates, { [bucket]: readRate(field, value, 1) })
  }
  if (Object.hasOwn(callFields, stem)) {
    const call = callFields[stem]
    if (call) return (rates, field, value) => setCall(rates, call[0], readRate(field, value, call[1]))
  }
  if (stem !== 'search_context_cost_per_query') return undefined
  return (rates, field, value) => {
    // the size is not in the usage: `medium` is what vendors and LiteLLM take when nothing is asked for
    const sizes = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
    const medium = sizes.search_context_size_medium ?? sizes.search_context_size_low ?? sizes.search_context_size_high
    if (medium === undefined || medium === null) throw notAPrice(field, value)
    setCall(rates, 'web_search', readRate(field, medium, 1))
  }
}

function setCall(rates: MutableRates, name: string, rate: PicoUsdPerUnit): void {
  rates.calls = { ...rates.calls, [name]: rate }
}

function readRate(field: string, value: Json, per: number): PicoUsdPerUnit {
  const usd = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof usd !== 'number' || !Number.isFinite(usd) || usd < 0) throw notAPrice(field, value)
  const rate = picoUsd(usd / per)
  if (!Number.isSafeInteger(rate) || (rate === 0 && usd > 0)) throw notAPrice(field, value)
  return rate
}

function notAPrice(field: string, value: Json): GatewayError {
  return new GatewayError(
    'misconfigured',
    `${field}: ${JSON.stringify(value)} is not a price; give dollars per unit as a number from 0 up, like 0.0000025`,
    { param: field },
  )
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
