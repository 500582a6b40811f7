/** The letters that stand for the buckets of `Rates` in the book's JSON, which is shipped with the library and should be small. */
export const rateKeys = {
  input: 'i',
  output: 'o',
  cacheRead: 'r',
  cacheReadAudio: 'd',
  cacheReadImage: 'g',
  cacheWrite5m: 'w',
  cacheWrite1h: 'h',
  audioIn: 'a',
  imageIn: 'm',
  reasoning: 'e',
  audioOut: 'b',
  imageOut: 'n',
} as const

type RateKey = (typeof rateKeys)[keyof typeof rateKeys]

/** Rates in whole pico-dollars: per token by letter, `q` per request, `c` per call by name, `u` per measure by name. */
export type BookRates = { [K in RateKey]?: number } & {
  q?: number
  c?: Record<string, number>
  u?: Record<string, number>
}

/** A price: base rates, `t` tiers (`r` above `a` input tokens), `s` rates by service tier, of the tier where they are not in proportion. */
export type BookPrice = BookRates & {
  t?: { a: number; r: BookRates; s?: Record<string, BookRates> }[]
  s?: Record<string, BookRates>
}

/** When a price holds: from day `f` (UTC), within `h` minutes of each day (UTC), `w` on Monday to Friday only. The last that holds wins. */
export interface Dated<P> {
  p: P
  f?: string
  h?: [from: number, to: number]
  w?: 1
}

/** A model's row: its price (index into `prices`, a list of dated ones, or -1 when unknown) and its context window. */
export type BookRow = [price: number | Dated<number>[], contextTokens?: number]

/** The whole book as it is stored. */
export interface Book {
  version: string
  /** prefixes that reach the same price list as another */
  sameAs: Record<string, string>
  /** prefixes whose answers say what they cost */
  reports: string[]
  prices: BookPrice[]
  providers: Record<string, Record<string, BookRow>>
}
