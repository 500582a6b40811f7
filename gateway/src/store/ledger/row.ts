import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { noUsage, type Usage } from 'turnpike-core/internal/vocabulary/usage'
import type { Outcome } from '../../vocabulary/exchange.ts'
import { present } from '../tables.ts'
import type { LedgerRecord } from './tables.ts'

/** Stands in the place of a key's hash for the master key; LiteLLM's rows have the same word. */
export const masterCaller = 'litellm_proxy_master_key'

/** Stands in the place of a key's hash where nobody was asked who they are. */
export const anonymousCaller = 'anonymous'

/** Stands in the place of a key's hash where an identity provider vouched for the caller. */
export const tokenCaller = 'token'

/** One exchange as the ledger keeps it: written once, never changed. */
export interface LedgerRow {
  readonly id: string
  readonly endpoint: string
  /** milliseconds since 1970 */
  readonly startedAt: number
  readonly endedAt: number
  /** milliseconds from the start to the first byte of the answer */
  readonly firstByteMs?: number | undefined
  readonly stream: boolean
  /** SHA-256 of the key, or `masterCaller` or `anonymousCaller` */
  readonly keyHash: string
  readonly keyAlias?: string | undefined
  readonly userId?: string | undefined
  readonly teamId?: string | undefined
  readonly organizationId?: string | undefined
  readonly endUser?: string | undefined
  readonly tags: readonly string[]
  readonly model: string
  readonly modelGroup?: string | undefined
  readonly deploymentId?: string | undefined
  readonly provider?: string | undefined
  readonly providerModel?: string | undefined
  readonly apiBase?: string | undefined
  readonly usage?: Omit<Usage, 'raw'> | undefined
  /** undefined: the price is unknown */
  readonly cost?: NanoUsd | undefined
  /** something was used that the price has no rate for: the true cost is higher */
  readonly incomplete: boolean
  readonly spend: NanoUsd
  /**
   * Bucket → exact share where several pay: `user:ann`. The payers of one kind share the whole spend, and stand in the place of the
   * caller's own bucket of that kind.
   */
  readonly payers?: Readonly<Record<string, NanoUsd>> | undefined
  readonly priceVersion?: string | undefined
  readonly rates?: JsonObject | undefined
  /** the service tier that the caller asked for */
  readonly requestedTier?: string | undefined
  readonly outcome: Outcome
  readonly status: number
  readonly errorCode?: string | undefined
  readonly attempts: readonly JsonObject[]
  /** the caller's notes and its own id of the call */
  readonly metadata: JsonObject
  /** buckets that the spend counts in beside those of its owners: of budget periods, and whatever a correction corrects */
  readonly periods: readonly string[]
}

/** A row as columns. Every column is named, in one order: the insert statement is compiled once and fed by position. */
export function encode(row: LedgerRow): LedgerRecord {
  const usage = row.usage ?? noUsage
  return {
    id: row.id,
    endpoint: row.endpoint,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    firstByteMs: row.firstByteMs ?? null,
    stream: row.stream ? 1 : 0,
    keyHash: row.keyHash,
    keyAlias: row.keyAlias ?? null,
    userId: row.userId ?? null,
    teamId: row.teamId ?? null,
    organizationId: row.organizationId ?? null,
    endUser: row.endUser ?? null,
    tags: jsonOf(row.tags),
    model: row.model,
    modelGroup: row.modelGroup ?? null,
    deploymentId: row.deploymentId ?? null,
    provider: row.provider ?? null,
    providerModel: row.providerModel ?? null,
    apiBase: row.apiBase ?? null,
    usageSource: row.usage ? row.usage.source : null,
    inputTokens: whole(usage.input),
    freshTokens: whole(usage.fresh),
    cacheReadTokens: whole(usage.cacheRead),
    cacheWrite5mTokens: whole(usage.cacheWrite5m),
    cacheWrite1hTokens: whole(usage.cacheWrite1h),
    audioInTokens: whole(usage.audioIn),
    imageInTokens: whole(usage.imageIn),
    outputTokens: whole(usage.output),
    reasoningTokens: whole(usage.reasoning),
    audioOutTokens: whole(usage.audioOut),
    imageOutTokens: whole(usage.imageOut ?? 0),
    calls: callsText(usage.calls),
    cost: row.cost ?? null,
    incomplete: row.incomplete ? 1 : 0,
    spend: row.spend,
    priceVersion: row.priceVersion ?? null,
    rates: row.rates ? ratesText(row.rates) : null,
    outcome: row.outcome,
    status: row.status,
    errorCode: row.errorCode ?? null,
    attempts: jsonOf(row.attempts),
    periods: jsonOf(row.periods),
    metadata: notesText(row.metadata),
    payers: row.payers ? JSON.stringify(row.payers) : null,
    requestedTier: row.requestedTier ?? null,
    measures: row.usage ? measuresText(row.usage) : null,
  }
}

/** What a usage has besides the tokens that have columns of their own; most have nothing. */
type Besides = Pick<Usage, 'measures' | 'cacheReadAudio' | 'cacheReadImage'>

function measuresText({ measures, cacheReadAudio, cacheReadImage }: Besides): string | null {
  if (!measures && !cacheReadAudio && !cacheReadImage) return null
  return JSON.stringify({ measures, cacheReadAudio, cacheReadImage })
}

/** Tokens are whole; what is measured otherwise (seconds of audio) may not be. */
export function whole(tokens: number): number {
  return Number.isInteger(tokens) ? tokens : Math.round(tokens)
}

const maxNotes = 4096

/** Most rows have no notes. */
function notesText(notes: JsonObject): string {
  for (const _ in notes) {
    const text = JSON.stringify(notes)
    return text.length <= maxNotes ? text : '{"left_out":"longer than 4096 characters"}'
  }
  return '{}'
}

function callsText(calls: Usage['calls']): string {
  for (const _ in calls) return JSON.stringify(calls)
  return '{}'
}

const ratesTexts = new WeakMap<JsonObject, string>()

/** The rates as text; one object stands for all rows that a price was applied to, so its text is made once. */
function ratesText(rates: JsonObject): string {
  let text = ratesTexts.get(rates)
  if (text === undefined) ratesTexts.set(rates, (text = JSON.stringify(rates)))
  return text
}

function jsonOf(list: readonly unknown[]): string {
  return list.length === 0 ? '[]' : JSON.stringify(list)
}

function listOf<T>(text: string): readonly T[] {
  return text === '[]' ? [] : (JSON.parse(text) as readonly T[])
}

/** A row as it was put in. */
export function decode(record: LedgerRecord): LedgerRow {
  return {
    id: record.id,
    endpoint: record.endpoint,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    ...present('firstByteMs', record.firstByteMs),
    stream: record.stream === 1,
    keyHash: record.keyHash,
    ...present('keyAlias', record.keyAlias),
    ...present('userId', record.userId),
    ...present('teamId', record.teamId),
    ...present('organizationId', record.organizationId),
    ...present('endUser', record.endUser),
    tags: listOf<string>(record.tags),
    model: record.model,
    ...present('modelGroup', record.modelGroup),
    ...present('deploymentId', record.deploymentId),
    ...present('provider', record.provider),
    ...present('providerModel', record.providerModel),
    ...present('apiBase', record.apiBase),
    ...(record.usageSource !== null && { usage: usageOf(record, record.usageSource) }),
    ...present('cost', record.cost as NanoUsd | null),
    incomplete: record.incomplete === 1,
    spend: record.spend as NanoUsd,
    ...(record.payers !== null && { payers: JSON.parse(record.payers) as Readonly<Record<string, NanoUsd>> }),
    ...present('priceVersion', record.priceVersion),
    ...(record.rates !== null && { rates: JSON.parse(record.rates) as JsonObject }),
    ...present('requestedTier', record.requestedTier),
    outcome: record.outcome as Outcome,
    status: record.status,
    ...present('errorCode', record.errorCode),
    attempts: listOf<JsonObject>(record.attempts),
    periods: listOf<string>(record.periods),
    metadata: record.metadata === '{}' ? {} : (JSON.parse(record.metadata) as JsonObject),
  }
}

function usageOf(record: LedgerRecord, source: string): Usage {
  return {
    input: record.inputTokens,
    fresh: record.freshTokens,
    cacheRead: record.cacheReadTokens,
    cacheWrite5m: record.cacheWrite5mTokens,
    cacheWrite1h: record.cacheWrite1hTokens,
    audioIn: record.audioInTokens,
    imageIn: record.imageInTokens,
    output: record.outputTokens,
    reasoning: record.reasoningTokens,
    audioOut: record.audioOutTokens,
    ...(record.imageOutTokens > 0 && { imageOut: record.imageOutTokens }),
    // a migration that reads the ledger before the column is there finds undefined
    ...(record.measures && (JSON.parse(record.measures) as Besides)),
    calls: JSON.parse(record.calls) as Usage['calls'],
    source: source as Usage['source'],
  }
}
