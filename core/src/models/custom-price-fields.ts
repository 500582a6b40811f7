import { GatewayError } from '../kernel/faults.ts'
import { isObject, type Json } from '../kernel/json.ts'
import { type PicoUsdPerUnit, picoUsd } from '../kernel/money.ts'
import type { MeasureName } from '../vocabulary/usage.ts'
import type { RateBucket, Rates } from './price.ts'

/** Rates while they are being read. */
export type MutableRates = { -readonly [K in keyof Rates]: Rates[K] }

/** What a field's name says: which rate, above how many input tokens, at which service tier. */
export interface PriceField {
  readonly above: number
  readonly service: string | undefined
  set(rates: MutableRates, field: string, value: Json): void
}

/** LiteLLM's names of token prices: dollars per token (https://docs.litellm.ai/docs/proxy/custom_pricing). */
const tokenFields: Readonly<Record<string, RateBucket>> = {
  input_cost_per_token: 'input',
  output_cost_per_token: 'output',
  cache_read_input_token_cost: 'cacheRead',
  input_cost_per_token_cache_hit: 'cacheRead',
  cache_read_input_audio_token_cost: 'cacheReadAudio',
  cache_read_input_image_token_cost: 'cacheReadImage',
  cache_creation_input_token_cost: 'cacheWrite5m',
  cache_creation_input_token_cost_above_1hr: 'cacheWrite1h',
  input_cost_per_audio_token: 'audioIn',
  output_cost_per_audio_token: 'audioOut',
  input_cost_per_image_token: 'imageIn',
  output_cost_per_image_token: 'imageOut',
  output_cost_per_reasoning_token: 'reasoning',
  input_cost_per_request: 'request',
}

/** Prices of what is not counted in tokens: dollars per second, character, image, pixel, query or page. */
const measureFields: Readonly<Record<string, MeasureName>> = {
  input_cost_per_audio_per_second: 'audioSecondsIn',
  output_cost_per_audio_per_second: 'audioSecondsOut',
  input_cost_per_video_per_second: 'videoSecondsIn',
  output_cost_per_video_per_second: 'videoSecondsOut',
  input_cost_per_character: 'charactersIn',
  output_cost_per_character: 'charactersOut',
  input_cost_per_image: 'imagesIn',
  output_cost_per_image: 'imagesOut',
  input_cost_per_pixel: 'pixelsIn',
  output_cost_per_pixel: 'pixelsOut',
  input_cost_per_query: 'queries',
  ocr_cost_per_page: 'pages',
  annotation_cost_per_page: 'annotatedPages',
  citation_cost_per_token: 'citationTokens',
}

/** Prices per call: the name in `Usage.calls`, and how many calls the figure buys. */
const callFields: Readonly<Record<string, readonly [name: string, per: number]>> = {
  file_search_cost_per_1k_calls: ['file_search', 1000],
  code_interpreter_cost_per_session: ['code_interpreter', 1],
}

/** The name in `Usage.calls` for each size of a search's context; medium is what vendors take when nothing is asked for. */
const searchSizes: Readonly<Record<string, string>> = {
  search_context_size_low: 'web_search_low',
  search_context_size_medium: 'web_search',
  search_context_size_high: 'web_search_high',
}

const serviceTiers: Readonly<Record<string, string>> = {
  flex: 'flex',
  priority: 'priority',
  batches: 'batch',
  batch_requests: 'batch',
}

const shape = /^(.*?)(?:_above_(\d+)(k?)_tokens?)?(?:_(flex|priority|batches|batch_requests))?$/

/** The field of this name; undefined where it is no price that is understood. */
export function priceField(name: string): PriceField | undefined {
  const [, stem = '', above, thousands, suffix] = shape.exec(name) ?? []
  const set = setter(stem)
  return (
    set && {
      above: above === undefined ? 0 : Number(above) * (thousands === 'k' ? 1000 : 1),
      service: suffix === undefined ? undefined : serviceTiers[suffix],
      set,
    }
  )
}

function setter(stem: string): PriceField['set'] | undefined {
  const bucket = own(tokenFields, stem)
  if (bucket) return (rates, field, value) => void Object.assign(rates, { [bucket]: readRate(field, value) })
  const measure = own(measureFields, stem)
  if (measure) return (rates, field, value) => setMeasure(rates, measure, readRate(field, value))
  const call = own(callFields, stem)
  if (call) return (rates, field, value) => setCall(rates, call[0], readRate(field, value, call[1]))
  return stem === 'search_context_cost_per_query' ? setSearch : undefined
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

function setSearch(rates: MutableRates, field: string, value: Json): void {
  const sizes = isObject(value) ? Object.entries(searchSizes).filter(([size]) => (value[size] ?? null) !== null) : []
  if (!isObject(value) || sizes.length === 0) throw notAPrice(field, value)
  const priced = sizes.map(([size, name]) => [name, readRate(`${field}.${size}`, value[size] ?? null)] as const)
  // a search whose size is not known is charged at the first size that has a price, medium before low before high
  const usual = priced.find(([name]) => name === 'web_search') ?? priced[0]
  if (usual) setCall(rates, 'web_search', usual[1])
  for (const [name, rate] of priced) setCall(rates, name, rate)
}

function setCall(rates: MutableRates, name: string, rate: PicoUsdPerUnit): void {
  rates.calls = { ...rates.calls, [name]: rate }
}

/** Sets the rate of a measure. */
export function setMeasure(rates: MutableRates, name: MeasureName, rate: PicoUsdPerUnit): void {
  rates.measures = { ...rates.measures, [name]: rate }
}

/** Dollars for `per` units, a number or a numeric text, as a rate; throws `misconfigured` for what is no price. */
export function readRate(field: string, value: Json, per = 1): PicoUsdPerUnit {
  const usd = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof usd !== 'number' || !Number.isFinite(usd) || usd < 0) throw notAPrice(field, value)
  const rate = picoUsd(usd / per)
  if (!Number.isSafeInteger(rate) || (rate === 0 && usd > 0)) throw notAPrice(field, value)
  return rate
}

export function notAPrice(field: string, value: Json): GatewayError {
  return new GatewayError(
    'misconfigured',
    `${field}: ${JSON.stringify(value)} is not a price; give dollars per unit as a number from 0 up, like 0.0000025`,
    { param: field },
  )
}
