import type { JsonObject } from '../kernel/json.ts'

/**
 * What else than tokens a call can be billed by: how long the call took, and the size of what was read or made.
 * `seconds` is the duration of the call itself; the others are of its content.
 */
export type MeasureName =
  | 'seconds'
  | 'audioSecondsIn'
  | 'audioSecondsOut'
  | 'videoSecondsIn'
  | 'videoSecondsOut'
  | 'charactersIn'
  | 'charactersOut'
  | 'imagesIn'
  | 'imagesOut'
  | 'pixelsIn'
  | 'pixelsOut'
  | 'queries'
  | 'pages'
  | 'annotatedPages'
  | 'citationTokens'

/** Amounts by measure; fractions are allowed. */
export type Measures = Readonly<Partial<Record<MeasureName, number>>>

/**
 * Tokens of one call in buckets that never overlap:
 * `input = fresh + cacheRead + cacheWrite5m + cacheWrite1h + audioIn + imageIn`.
 * `reasoning` and `audioOut` are within `output`. Nobody downstream subtracts.
 */
export interface Usage {
  readonly input: number
  readonly fresh: number
  readonly cacheRead: number
  readonly cacheWrite5m: number
  readonly cacheWrite1h: number
  readonly audioIn: number
  readonly imageIn: number
  readonly output: number
  readonly reasoning: number
  readonly audioOut: number
  /** tokens of images the model made, within `output`; absent is none */
  readonly imageOut?: number
  /** tokens of audio and of images within `cacheRead`; absent is none */
  readonly cacheReadAudio?: number
  readonly cacheReadImage?: number
  /** what was used besides tokens; charged where the price has a rate for it */
  readonly measures?: Measures
  /** calls of tools that the provider ran and bills by the call, by name (`web_search`: 2) */
  readonly calls: Readonly<Record<string, number>>
  /** provider: from its own figures · counted: estimated by us from what was delivered */
  readonly source: 'provider' | 'counted'
  /** the provider's own usage object, as it came */
  readonly raw?: JsonObject
}

export const noUsage: Usage = {
  input: 0,
  fresh: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  audioIn: 0,
  imageIn: 0,
  output: 0,
  reasoning: 0,
  audioOut: 0,
  calls: {},
  source: 'provider',
}

/** The buckets as a provider reports them, before `input` and `fresh` are set apart. */
export interface UsageParts extends Partial<Omit<Usage, 'input' | 'fresh'>> {
  /** all input tokens, cached ones included; or give `fresh` */
  readonly input?: number
  readonly fresh?: number
}

/** Fills the buckets so that they add up. A provider whose parts exceed its total is believed on the parts. */
export function usageOf(parts: UsageParts): Usage {
  const given = { ...noUsage, ...parts }
  const others = given.cacheRead + given.cacheWrite5m + given.cacheWrite1h + given.audioIn + given.imageIn
  const fresh = parts.fresh ?? Math.max(0, (parts.input ?? 0) - others)
  return { ...given, fresh, input: fresh + others }
}
