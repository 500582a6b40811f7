/**
 * Runs the recorded price cases through `cost`.
 *
 *   node scripts/bun.mjs scripts/kit-prices.ts            the share that agrees to the nano-dollar, and the misses by reason
 *   node scripts/bun.mjs scripts/kit-prices.ts --misses   also lists every miss
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isGatewayError } from '../core/src/kernel/faults.ts'
import { asNumber, asObject, type JsonObject, type MutableJsonObject } from '../core/src/kernel/json.ts'
import { type NanoUsd, nanoUsd } from '../core/src/kernel/money.ts'
import { bookVersion, hasModel, priceOf, reportsCost } from '../core/src/models/book.ts'
import { cost, costAsReported, reportedCost } from '../core/src/models/cost.ts'
import { customPrice } from '../core/src/models/custom-price.ts'
import type { Price } from '../core/src/models/price.ts'
import { type Usage, usageOf } from '../core/src/vocabulary/usage.ts'
import { kitFolder } from './kit.ts'

/** One usage and what it costs, by somebody else's reckoning or the provider's own bill. */
export interface PriceCase {
  readonly id: string
  readonly kind: string
  readonly provider: string
  readonly model: string | null
  readonly usage: JsonObject
  readonly native_usage?: JsonObject
  readonly prices?: JsonObject
  readonly service_tier?: string
  readonly expected: { readonly total: number }
  readonly features: readonly string[]
  readonly updated?: string
}

/** What became of a case: agreed, or why not. */
export interface PriceVerdict {
  readonly case: PriceCase
  readonly agrees: boolean
  readonly why: string
}

/** The cases of the kit, if there are any. */
export function priceCases(): readonly PriceCase[] | undefined {
  const folder = kitFolder()
  const file = folder === undefined ? undefined : join(folder, 'prices.json')
  return file !== undefined && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as PriceCase[]) : undefined
}

/** Names of prices that only the kit uses, by LiteLLM's name and how many units the figure buys. */
const kitNames: Readonly<Record<string, readonly [name: string, per: number]>> = {
  _unmapped_storage_searches_kcount: ['file_search_cost_per_1k_calls', 1],
  _unmapped_cache_image_read_mtok: ['cache_read_input_image_token_cost', 1_000_000],
}

/** The kit's names of providers that are called otherwise here. */
const kitProviders: Readonly<Record<string, string>> = { voyageai: 'voyage' }

function fieldsOf(prices: JsonObject): JsonObject {
  const fields: MutableJsonObject = {}
  for (const [name, value] of Object.entries(prices)) {
    const known = kitNames[name]
    const usd = asNumber(value)
    if (name === 'cost_per_web_search')
      fields.search_context_cost_per_query = { search_context_size_medium: usd ?? null }
    else if (known && usd !== undefined) fields[known[0]] = usd / known[1]
    else if (value !== undefined) fields[name] = value
  }
  return fields
}

function usageFrom(given: JsonObject): Usage {
  const count = (name: string): number => asNumber(given[name]) ?? 0
  const cacheWrite1h = count('cache_write_1h')
  const cacheReadAudio = count('cache_read_audio')
  const cacheReadImage = count('cache_image_read_tokens')
  const [width = 0, height = 0] = String(given.size ?? '')
    .split('-x-')
    .map(Number)
  return usageOf({
    input: count('input_total'),
    cacheRead: count('cache_read'),
    ...(cacheReadAudio > 0 && { cacheReadAudio }),
    ...(cacheReadImage > 0 && { cacheReadImage }),
    cacheWrite1h,
    cacheWrite5m: Math.max(count('cache_write_5m'), count('cache_write') - cacheWrite1h),
    audioIn: count('audio_input') - cacheReadAudio,
    imageIn: count('image_input') - cacheReadImage,
    output: count('output_total'),
    reasoning: count('reasoning'),
    audioOut: count('audio_output'),
    imageOut: count('image_output'),
    calls: count('web_searches') > 0 ? { web_search: count('web_searches') } : {},
    ...(count('images') > 0 && { measures: { pixelsIn: count('images') * width * height } }),
  })
}

const totalOf = (found: PriceCase, price: Price): NanoUsd =>
  cost(usageFrom(found.usage), price, found.service_tier === undefined ? {} : { serviceTier: found.service_tier }).total

const within = (found: PriceCase, total: NanoUsd): boolean => total === nanoUsd(found.expected.total)

/** The cases that state unit prices, costed at those: this judges the cost function alone. */
export function judgeSums(cases: readonly PriceCase[]): PriceVerdict[] {
  return cases
    .filter(({ kind, prices }) => kind !== 'billed' && prices !== undefined)
    .map((found) => ({ case: found, ...judgeSum(found) }))
}

function judgeSum(found: PriceCase): { agrees: boolean; why: string } {
  if (found.features.includes('header_cost')) return { agrees: false, why: 'a cost that an upstream gateway reports' }
  try {
    const price = customPrice(fieldsOf(found.prices ?? {}))
    if (!price) return { agrees: false, why: 'no price' }
    if (within(found, totalOf(found, price))) return { agrees: true, why: '' }
    const searches = asNumber(found.usage.web_searches)
    if (
      searches &&
      totalOf({ ...found, usage: { ...found.usage, web_searches: 0 } }, price) === nanoUsd(found.expected.total)
    )
      return { agrees: false, why: 'searches that the other reckoning leaves out' }
    if (found.service_tier === 'batch' && !price.serviceTiers)
      return { agrees: false, why: 'half price for a batch that no vendor stated' }
    return { agrees: false, why: 'another sum' }
  } catch (thrown) {
    if (!isGatewayError(thrown)) throw thrown
    return { agrees: false, why: 'a price that is none is refused' }
  }
}

/** Every case costed from the book by exact name: this judges the book. */
export function judgeBook(cases: readonly PriceCase[]): PriceVerdict[] {
  return cases
    .filter(({ model }) => model !== null && model !== 'test-model' && model !== 'batch-model')
    .map((found) => ({ case: found, ...judgeListed(found) }))
}

function judgeListed(found: PriceCase): { agrees: boolean; why: string } {
  const at = Date.parse(found.updated ?? `${bookVersion()}T12:00:00Z`)
  const provider = kitProviders[found.provider] ?? found.provider
  const name = (found.model ?? '').replace(new RegExp(`^${provider}/`), '')
  const price = priceOf(provider, name, at)
  if (!price) return { agrees: false, why: hasModel(provider, name) ? 'no price is known' : 'the name is unknown' }
  if (within(found, totalOf(found, price))) return { agrees: true, why: '' }
  if (found.kind === 'billed') return { agrees: false, why: 'billed otherwise' }
  const stated = asObject(found.prices)
  const same = stated && sameBasics(stated, price)
  return { agrees: false, why: same ? 'the same price for tokens, another for something else' : 'another price' }
}

function sameBasics(stated: JsonObject, { rates }: Price): boolean {
  const pico = (name: string) => Math.round((asNumber(stated[name]) ?? 0) * 1e12)
  return pico('input_cost_per_token') === (rates.input ?? 0) && pico('output_cost_per_token') === (rates.output ?? 0)
}

/** The provider's own bills, by the figure in its answer. */
export function judgeBills(cases: readonly PriceCase[]): PriceVerdict[] {
  return cases
    .filter(({ kind }) => kind === 'billed')
    .map((found) => {
      if (!reportsCost(found.provider)) return { case: found, agrees: false, why: 'a provider that is not believed' }
      const told = reportedCost(found.native_usage)
      if (told === undefined) return { case: found, agrees: false, why: 'no figure was found' }
      const agrees = within(found, costAsReported(told, usageFrom(found.usage), undefined).total)
      return { case: found, agrees, why: 'another figure' }
    })
}

/** How many of each reason, most first. */
export function reasons(verdicts: readonly PriceVerdict[]): (readonly [why: string, count: number])[] {
  const counts = new Map<string, number>()
  for (const { agrees, why } of verdicts) if (!agrees) counts.set(why, (counts.get(why) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)
}

function report(title: string, verdicts: readonly PriceVerdict[]): void {
  const agreed = verdicts.filter(({ agrees }) => agrees).length
  console.log(`${title}: ${agreed} of ${verdicts.length} (${((100 * agreed) / verdicts.length).toFixed(1)} %)`)
  for (const [why, count] of reasons(verdicts)) console.log(`  ${count} × ${why}`)
  if (!process.argv.includes('--misses')) return
  for (const { case: found, agrees, why } of verdicts)
    if (!agrees) console.log(`    ${found.id} ${found.kind} ${found.provider}/${found.model}: ${why}`)
}

function main(): void {
  const cases = priceCases()
  if (!cases) {
    console.error('No price cases: set TURNPIKE_KIT to a folder that has prices.json.')
    process.exitCode = 1
    return
  }
  report('sums at stated prices', judgeSums(cases))
  report('bills as the provider reports them', judgeBills(cases))
  const book = judgeBook(cases)
  for (const kind of new Set(book.map(({ case: found }) => found.kind)))
    report(
      `the book, ${kind}`,
      book.filter(({ case: found }) => found.kind === kind),
    )
}

if (import.meta.main) main()
