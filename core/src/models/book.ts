import { type Book, type BookPrice, type BookRates, type BookRow, type Dated, rateKeys } from './book-format.ts'
import type { Price, Rates } from './price.ts'
import { priceBook } from './prices.data.ts'

/** A model of the book with its prices unfolded: the ones that hold at some times only come after those that hold before. */
interface Entry {
  readonly always: Price | undefined
  readonly dated: readonly Period[]
  readonly contextTokens: number | undefined
}

interface Period {
  readonly price: Price
  readonly from: number
  readonly hours: readonly [from: number, to: number] | undefined
  readonly workdays: boolean
}

const minute = 60_000
const day = 24 * 60 * minute

let opened: Book | undefined
const rows = new Map<string, ReadonlyMap<string, BookRow>>()
const entries = new Map<string, Map<string, Entry>>()
const prices = new Map<number, Price>()

// parsed at first use: a program that never asks for a price pays nothing for the book
function open(): Book {
  opened ??= JSON.parse(priceBook) as Book
  return opened
}

/** Which edition of the price book this is: the day it was last checked. */
export function bookVersion(): string {
  return open().version
}

/**
 * The list price of a model at a time (milliseconds since 1970), or undefined when the book has none: exactly this name under
 * this provider prefix, never a similar one. Undefined is "unknown", not "free": a free model has a price of zero.
 */
export function priceOf(provider: string, model: string, at: number): Price | undefined {
  const entry = entries.get(provider)?.get(model) ?? find(provider, model)
  if (!entry) return undefined
  if (entry.dated.length === 0) return entry.always
  return entry.dated.findLast((period) => holds(period, at))?.price
}

/**
 * The list price of what a `base_model` names: that very name under the deployment's own provider, else, where it has a prefix,
 * what follows under that provider (`azure/gpt-4o`). Both are exact.
 */
export function priceOfName(provider: string, name: string, at: number): Price | undefined {
  const slash = name.indexOf('/')
  const own = priceOf(provider, name, at)
  return own || slash < 0 ? own : priceOf(name.slice(0, slash), name.slice(slash + 1), at)
}

/** Whether the answers of this provider say what they cost, and are believed before the list. */
export function reportsCost(provider: string): boolean {
  return open().reports.includes(provider)
}

/** The models the book knows under a provider prefix, with or without a price. */
export function knownModels(provider: string): readonly string[] {
  return [...rowsOf(provider).keys()]
}

export function hasModel(provider: string, model: string): boolean {
  return rowsOf(provider).has(model)
}

/** The context window that the book states for a model. */
export function contextTokensOf(provider: string, model: string): number | undefined {
  return find(provider, model)?.contextTokens
}

function rowsOf(provider: string): ReadonlyMap<string, BookRow> {
  const known = rows.get(provider)
  if (known) return known
  const { providers, sameAs } = open()
  const listed = Object.hasOwn(sameAs, provider) ? (sameAs[provider] ?? provider) : provider
  if (!Object.hasOwn(providers, listed)) return new Map()
  const made = new Map(Object.entries(providers[listed] ?? {}))
  rows.set(provider, made)
  return made
}

function find(provider: string, model: string): Entry | undefined {
  const known = entries.get(provider)?.get(model)
  if (known) return known
  const row = rowsOf(provider).get(model)
  if (!row) return undefined
  const made = unfold(row)
  const ofProvider = entries.get(provider) ?? new Map<string, Entry>()
  ofProvider.set(model, made)
  entries.set(provider, ofProvider)
  return made
}

function unfold([price, contextTokens]: BookRow): Entry {
  if (Array.isArray(price)) return { always: undefined, dated: price.map(period), contextTokens }
  return { always: price < 0 ? undefined : priceAt(price), dated: [], contextTokens }
}

function period({ p, f, h, w }: Dated<number>): Period {
  return {
    price: priceAt(p),
    from: f === undefined ? Number.NEGATIVE_INFINITY : Date.parse(f),
    hours: h,
    workdays: w === 1,
  }
}

function holds({ from, hours, workdays }: Period, at: number): boolean {
  if (at < from) return false
  if (workdays && [0, 6].includes(new Date(at).getUTCDay())) return false
  if (!hours) return true
  const now = (at % day) / minute
  const [start, end] = hours
  return start < end ? now >= start && now < end : now >= start || now < end
}

function priceAt(index: number): Price {
  const known = prices.get(index)
  if (known) return known
  const made = readPrice(open().prices[index] ?? {})
  prices.set(index, made)
  return made
}

function readPrice({ t, s, ...base }: BookPrice): Price {
  return {
    rates: readRates(base),
    ...(t && {
      tiers: t.map(({ a, r, s: own }) => ({ aboveInputTokens: a, rates: readRates(r), ...readServices(own) })),
    }),
    ...readServices(s),
    version: bookVersion(),
  }
}

function readServices(stored: BookPrice['s']): { serviceTiers?: Record<string, Rates> } {
  if (!stored) return {}
  return { serviceTiers: Object.fromEntries(Object.entries(stored).map(([name, r]) => [name, readRates(r)])) }
}

const buckets = Object.entries(rateKeys)

function readRates(stored: BookRates): Rates {
  const out: Record<string, number | Record<string, number>> = {}
  for (const [bucket, key] of buckets) {
    const rate = stored[key]
    if (rate !== undefined) out[bucket] = rate
  }
  if (stored.q !== undefined) out.request = stored.q
  if (stored.c) out.calls = stored.c
  if (stored.u) out.measures = stored.u
  return out as Rates
}
