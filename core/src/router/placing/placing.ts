import { createPins, type Pins } from './pins.ts'
import { createSeats, type Seats } from './seats.ts'
import { type AffinitySettings, defaultAffinity } from './settings.ts'

/** What a router remembers of where calls went and where they are: goes on in the router that takes its place. */
export interface Placing {
  readonly conversations: Pins
  readonly responses: Pins
  readonly seats: Seats
}

export interface PlacingPorts {
  readonly now: () => number
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** Names that are remembered at once, of each kind: some ten megabytes. */
const most = 50_000

/** As long as OpenAI keeps a response (https://developers.openai.com/api/docs/guides/your-data). */
const responsesMs = 30 * 24 * 3_600_000

/** Calls that may wait for a place at once: who comes then is better served by an answer than by a wait. */
const mostWaiting = 1000

export function createPlacing(affinity: AffinitySettings = defaultAffinity, { now, sleep }: PlacingPorts): Placing {
  return {
    conversations: createPins({ ttlMs: affinity.ttlMs, most }, now),
    responses: createPins({ ttlMs: responsesMs, most }, now),
    seats: createSeats({ most: mostWaiting, sleep }),
  }
}
