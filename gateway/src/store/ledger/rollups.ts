import { addUsd, type NanoUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import type { Connection, Sql } from '../tables.ts'
import { isBucketCorrection, kindIsPaid } from './balances.ts'
import { putIn, type Target } from './records.ts'
import { type LedgerRow, whole } from './row.ts'

/** Whose sums a rollup holds; empty: everybody's. */
export type EntityKind = '' | 'user' | 'team' | 'organization' | 'end-user' | 'tag'

/** What is counted. */
export interface Measures {
  readonly requests: number
  readonly successes: number
  readonly failures: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly reasoningTokens: number
  readonly spend: NanoUsd
}

/** What it is counted by. */
export interface RollupPlace {
  /** first millisecond of the UTC hour */
  readonly hour: number
  readonly entityKind: EntityKind
  readonly entityId: string
  readonly keyHash: string
  readonly model: string
  readonly modelGroup: string
  readonly provider: string
  readonly endpoint: string
}

/** Sums of one UTC hour for one entity, key, model, provider and endpoint. */
export interface Rollup extends RollupPlace, Measures {}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
export type HourSums = Map<string, Mutable<Rollup>>

export const hourMs = 3_600_000

export const measures = [
  'requests',
  'successes',
  'failures',
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
  'spend',
] as const satisfies readonly (keyof Measures)[]

const nothing: Measures = {
  requests: 0,
  successes: 0,
  failures: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  spend: zeroUsd,
}

/** Sums rows by hour, entity, key, model, provider and endpoint, under a name made of them all. */
export function sumByHour(rows: Iterable<LedgerRow>, sums: HourSums = new Map()): HourSums {
  for (const row of rows) {
    if (isBucketCorrection(row)) continue
    const place = {
      hour: row.startedAt - (row.startedAt % hourMs),
      keyHash: row.keyHash,
      model: row.providerModel ?? row.model,
      modelGroup: row.modelGroup ?? row.model,
      provider: row.provider ?? '',
      endpoint: row.endpoint,
    }
    const counts = countsOf(row)
    for (const { kind, id, spend, counted } of entitiesOf(row)) {
      const name = nameOf({ ...place, entityKind: kind, entityId: id })
      let sum = sums.get(name)
      if (!sum) sums.set(name, (sum = { ...place, entityKind: kind, entityId: id, ...nothing }))
      if (counted) add(sum, counts)
      sum.spend = addUsd(sum.spend, spend)
    }
  }
  return sums
}

/** No name holds a NUL, so two places never share one. */
export function nameOf(place: RollupPlace): string {
  const { hour, entityKind, entityId, keyHash, model, modelGroup, provider, endpoint } = place
  return `${hour}\0${entityKind}\0${entityId}\0${keyHash}\0${model}\0${modelGroup}\0${provider}\0${endpoint}`
}

/** A correction is no request: it moves money only. */
function countsOf({ usage, outcome }: LedgerRow): Measures {
  if (outcome === 'corrected') return nothing
  const answered = outcome === 'answered'
  const ends = { ...nothing, requests: 1, successes: answered ? 1 : 0, failures: answered ? 0 : 1 }
  if (!usage) return ends
  return {
    ...ends,
    inputTokens: whole(usage.input),
    outputTokens: whole(usage.output),
    cacheReadTokens: whole(usage.cacheRead),
    cacheWriteTokens: whole(usage.cacheWrite5m) + whole(usage.cacheWrite1h),
    reasoningTokens: whole(usage.reasoning),
  }
}

function add(sum: Mutable<Rollup>, counts: Measures): void {
  sum.requests += counts.requests
  sum.successes += counts.successes
  sum.failures += counts.failures
  sum.inputTokens += counts.inputTokens
  sum.outputTokens += counts.outputTokens
  sum.cacheReadTokens += counts.cacheReadTokens
  sum.cacheWriteTokens += counts.cacheWriteTokens
  sum.reasoningTokens += counts.reasoningTokens
}

interface Entity {
  readonly kind: EntityKind
  readonly id: string
  readonly spend: NanoUsd
  /** whether requests and tokens are counted here: of several payers only at one, so that sums agree */
  readonly counted: boolean
}

function entitiesOf(row: LedgerRow): readonly Entity[] {
  const { payers, spend } = row
  const entities: Entity[] = [{ kind: '', id: '', spend, counted: true }]
  const own = (kind: EntityKind, id: string | undefined): void => {
    if (id === undefined || (payers && kindIsPaid(payers, `${kind}:`))) return
    entities.push({ kind, id, spend, counted: true })
  }
  own('user', row.userId)
  own('team', row.teamId)
  own('organization', row.organizationId)
  own('end-user', row.endUser)
  if (row.tags.length > 0) for (const tag of new Set(row.tags)) own('tag', tag)
  if (payers) for (const kind of payingKinds) entities.push(...payersOf(payers, kind))
  return entities
}

const payingKinds = ['user', 'team', 'organization', 'end-user', 'tag'] as const

/** The payers of one kind; the largest, or of equals the first by name, has the counts. */
function payersOf(payers: Readonly<Record<string, NanoUsd>>, kind: EntityKind): readonly Entity[] {
  const paying = Object.entries(payers).filter(([bucket]) => bucket.startsWith(`${kind}:`))
  paying.sort(([a, x], [b, y]) => Math.abs(y) - Math.abs(x) || (a < b ? -1 : 1))
  return paying.map(([bucket, spend], index) => ({
    kind,
    id: bucket.slice(kind.length + 1),
    spend,
    counted: index === 0,
  }))
}

const rollups: Target = {
  table: 'rollups',
  columns: {
    hour: 'bigint',
    entity_kind: 'text',
    entity_id: 'text',
    key_hash: 'text',
    model: 'text',
    model_group: 'text',
    provider: 'text',
    endpoint: 'text',
    requests: 'bigint',
    successes: 'bigint',
    failures: 'bigint',
    input_tokens: 'bigint',
    output_tokens: 'bigint',
    cache_read_tokens: 'bigint',
    cache_write_tokens: 'bigint',
    reasoning_tokens: 'bigint',
    spend: 'bigint',
  },
  key: ['hour', 'entity_kind', 'entity_id', 'key_hash', 'model', 'model_group', 'provider', 'endpoint'],
  added: [
    'requests',
    'successes',
    'failures',
    'input_tokens',
    'output_tokens',
    'cache_read_tokens',
    'cache_write_tokens',
    'reasoning_tokens',
    'spend',
  ],
}

/** Adds sums to the hours. Runs inside the transaction that inserts the rows. */
export async function addToRollups(connection: Connection, sums: HourSums): Promise<void> {
  const sorted = [...sums].sort(([a], [b]) => (a < b ? -1 : 1))
  await putIn(
    connection,
    rollups,
    sorted.map(([, sum]) => valuesOf(sum)),
  )
}

/** In the order of the columns. */
function valuesOf(sum: Rollup): readonly (string | number)[] {
  return [
    sum.hour,
    sum.entityKind,
    sum.entityId,
    sum.keyHash,
    sum.model,
    sum.modelGroup,
    sum.provider,
    sum.endpoint,
    ...measures.map((measure) => sum[measure]),
  ]
}

/** The rollups of the hours in `[from, to)`. */
export async function rollupsBetween(db: Sql, from: number, to: number): Promise<readonly Rollup[]> {
  const rows = await db.selectFrom('rollups').selectAll().where('hour', '>=', from).where('hour', '<', to).execute()
  return rows.map((row) => ({ ...row, entityKind: row.entityKind as EntityKind, spend: row.spend as NanoUsd }))
}
