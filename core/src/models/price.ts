import type { PicoUsdPerUnit } from '../kernel/money.ts'
import type { MeasureName } from '../vocabulary/usage.ts'

/** Rates per token (or per call), in pico-dollars. A bucket without a rate of its own is charged as its parent: see `cost`. */
export interface Rates {
  readonly input?: PicoUsdPerUnit
  readonly output?: PicoUsdPerUnit
  readonly cacheRead?: PicoUsdPerUnit
  readonly cacheReadAudio?: PicoUsdPerUnit
  readonly cacheReadImage?: PicoUsdPerUnit
  readonly cacheWrite5m?: PicoUsdPerUnit
  readonly cacheWrite1h?: PicoUsdPerUnit
  readonly audioIn?: PicoUsdPerUnit
  readonly imageIn?: PicoUsdPerUnit
  readonly reasoning?: PicoUsdPerUnit
  readonly audioOut?: PicoUsdPerUnit
  readonly imageOut?: PicoUsdPerUnit
  /** per request, whatever its size */
  readonly request?: PicoUsdPerUnit
  /**
   * per call of a built-in tool, by the names used in `Usage.calls`; `web_search_low` and `web_search_high` hold where a search
   * context of that size was asked for
   */
  readonly calls?: Readonly<Record<string, PicoUsdPerUnit>>
  /** per second, character, image, pixel, query or page, by the names used in `Usage.measures` */
  readonly measures?: Readonly<Partial<Record<MeasureName, PicoUsdPerUnit>>>
}

/** The rates that are one number. */
export type RateBucket = Exclude<keyof Rates, 'calls' | 'measures'>

/** Rates above a context size. */
export interface PriceTier {
  readonly aboveInputTokens: number
  readonly rates: Rates
  /** rates of a service tier at this size, where they are not in proportion to the base rates */
  readonly serviceTiers?: Readonly<Record<string, Rates>>
}

/** What a model costs. */
export interface Price {
  readonly rates: Rates
  /** rates that replace these for the whole request when its input exceeds the threshold; largest threshold that is exceeded wins */
  readonly tiers?: readonly PriceTier[]
  /** rates that replace these at a service tier (flex, priority, batch) */
  readonly serviceTiers?: Readonly<Record<string, Rates>>
  /** which edition of the price book, or `config` for prices of a deployment's own */
  readonly version: string
}
