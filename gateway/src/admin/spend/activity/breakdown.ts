import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { House } from '../../../house.ts'
import type { Measures } from '../../../store/ledger/rollups.ts'
import type { Sum } from '../../../store/ledger/sums.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import { count, emptyTally, isNothing, metricsView, remainder, type Tally } from '../measures.ts'
import { isoDay } from '../range.ts'
import { existing } from '../sums.ts'

/** One name's share of a day, told apart by key. */
interface Slice {
  readonly tally: Tally
  readonly keys: Map<string, Tally>
}

const parts = ['models', 'model_groups', 'providers', 'endpoints', 'entities'] as const
type Part = (typeof parts)[number]

/** One day, told apart in every way. */
export interface Day {
  readonly day: number
  readonly tally: Tally
  readonly keys: Map<string, Tally>
  readonly parts: Readonly<Record<Part, Map<string, Slice>>>
}

/** Paths as LiteLLM names the endpoints of its daily sums; others are under our own names. */
const endpointPaths: Readonly<Record<string, string>> = {
  'chat.completions': '/chat/completions',
  completions: '/completions',
  embeddings: '/embeddings',
  responses: '/responses',
  messages: '/v1/messages',
}

/** What each part is told apart by; a request that was refused before it found a model has none. */
const namesOf: Readonly<Record<Exclude<Part, 'entities'>, (sum: Sum) => string>> = {
  models: ({ model }) => model || 'unknown',
  model_groups: ({ modelGroup }) => modelGroup || 'unknown',
  providers: ({ provider }) => provider || 'unknown',
  endpoints: ({ endpoint = '' }) => endpointPaths[endpoint] ?? endpoint,
}
const ownParts = ['models', 'model_groups', 'providers', 'endpoints'] as const

/** Stands for all that is too small to be told apart. */
const rest = '(rest)'

export function emptyDay(day: number): Day {
  return { day, tally: emptyTally(), keys: new Map(), parts: byPart(() => new Map<string, Slice>()) }
}

function byPart<T>(make: (part: Part) => T): Readonly<Record<Part, T>> {
  return Object.fromEntries(parts.map((part) => [part, make(part)])) as Record<Part, T>
}

/** Adds a sum to its day, in every part. */
export function addToDay(day: Day, sum: Sum): void {
  count(day.tally, sum)
  const key = sum.keyHash ?? ''
  addTo(day.keys, key, sum)
  for (const part of ownParts) addToSlice(day.parts[part], namesOf[part](sum), [key, sum])
  if (sum.entityId !== undefined) addToSlice(day.parts.entities, sum.entityId, [key, sum])
}

/** Adds a sum to the part that tells apart whose it is, and to nothing else. */
export function addToEntities(day: Day, sum: Sum): void {
  if (sum.entityId !== undefined) addToSlice(day.parts.entities, sum.entityId, [sum.keyHash ?? '', sum])
}

/** Puts what is missing to the day's true sum under `(rest)`, so that every part still adds up. */
export function addRest(day: Day, whole: Measures, withEntities: boolean): void {
  const missing = remainder(whole, day.tally)
  if (isNothing(missing)) return
  count(day.tally, missing)
  addTo(day.keys, rest, missing)
  for (const part of withEntities ? parts : ownParts) addToSlice(day.parts[part], rest, [rest, missing])
}

function addTo(tallies: Map<string, Tally>, name: string, more: Measures): void {
  const tally = tallies.get(name)
  if (tally) count(tally, more)
  else tallies.set(name, count(emptyTally(), more))
}

function addToSlice(slices: Map<string, Slice>, name: string, [key, more]: readonly [string, Measures]): void {
  let slice = slices.get(name)
  if (!slice) slices.set(name, (slice = { tally: emptyTally(), keys: new Map() }))
  count(slice.tally, more)
  addTo(slice.keys, key, more)
}

/** What is shown beside the figures of keys and entities. */
export interface Labels {
  readonly keys: ReadonlyMap<string, VirtualKey>
  readonly entities: ReadonlyMap<string, JsonObject>
}

/** The keys that days tell apart, as far as they still exist. */
export async function keysIn({ store }: House, days: readonly Day[]): Promise<ReadonlyMap<string, VirtualKey>> {
  const found = await existing(
    store.keys,
    days.flatMap(({ keys }) => [...keys.keys()]),
  )
  return new Map(found.map((key) => [key.hash, key]))
}

/** LiteLLM's DailySpendData. */
export function dayView({ day, tally, keys, parts: slices }: Day, labels: Labels): JsonObject {
  const shown = byPart((part) =>
    Object.fromEntries(
      [...slices[part]].map(([name, slice]) => [
        name,
        {
          metrics: metricsView(slice.tally),
          metadata: part === 'entities' ? (labels.entities.get(name) ?? {}) : {},
          api_key_breakdown: keysView(slice.keys, labels),
        },
      ]),
    ),
  )
  return {
    date: isoDay(day),
    metrics: metricsView(tally),
    breakdown: { mcp_servers: {}, ...shown, api_keys: keysView(keys, labels) },
  }
}

function keysView(tallies: ReadonlyMap<string, Tally>, labels: Labels): JsonObject {
  return Object.fromEntries(
    [...tallies].map(([hash, tally]) => {
      const key = labels.keys.get(hash)
      return [
        hash,
        { metrics: metricsView(tally), metadata: { key_alias: key?.alias ?? null, team_id: key?.teamId ?? null } },
      ]
    }),
  )
}
