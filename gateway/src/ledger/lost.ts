import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { zeroUsd } from 'turnpike-core/internal/kernel/money'
import type { Cost } from 'turnpike-core/internal/models/cost'
import { noUsage, type Usage } from 'turnpike-core/internal/vocabulary/usage'
import { fitting } from '../store/ledger/fitting.ts'
import type { LedgerRow } from '../store/ledger/row.ts'
import type { Opening } from './ledger.ts'
import { ownersOf } from './row.ts'

/** What is kept on disk of an exchange while a provider works on it. */
export interface Stub extends Omit<LedgerRow, 'endedAt' | 'incomplete' | 'spend' | 'outcome' | 'status' | 'attempts'> {
  readonly inputTokens: number
}

/** Prices the input of an exchange that nobody heard of again; undefined where the price is unknown. */
export type PriceLost = (stub: Stub, usage: Usage) => Cost | undefined

export function stubOf(opening: Opening): Stub {
  const { parties, route, buckets } = opening
  const first = route.deployments[0]
  return {
    id: opening.id,
    endpoint: opening.endpoint,
    startedAt: opening.startedAt,
    stream: opening.stream,
    ...ownersOf(opening.principal),
    endUser: parties.endUser,
    tags: parties.tags,
    model: opening.model,
    modelGroup: route.name,
    deploymentId: first?.id,
    provider: first?.provider.name,
    providerModel: first?.model,
    periods: buckets,
    metadata: parties.metadata as JsonObject,
    inputTokens: opening.inputTokens,
  }
}

/** The row of an exchange whose process died: its input is booked by estimate, for the provider was asked and may have answered. */
export function lostRow(found: JsonObject, now: number, price: PriceLost): LedgerRow {
  const { inputTokens, ...stub } = found as unknown as Stub
  const usage: Usage = { ...noUsage, input: inputTokens, fresh: inputTokens, source: 'counted' }
  const cost = price({ ...stub, inputTokens }, usage)
  return fitting({
    ...stub,
    endedAt: now,
    usage,
    cost: cost?.total,
    priceVersion: cost?.version,
    rates: cost?.rates as JsonObject | undefined,
    incomplete: true,
    spend: cost?.total ?? zeroUsd,
    outcome: 'lost',
    status: 500,
    errorCode: 'internal',
    attempts: [],
  })
}
