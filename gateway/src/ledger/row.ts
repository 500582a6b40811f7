import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { splitCost } from 'turnpike-core/internal/models/split'
import type { Attempt } from 'turnpike-core/internal/router/attempt'
import { fitting } from '../store/ledger/fitting.ts'
import { anonymousCaller, type LedgerRow, masterCaller, tokenCaller } from '../store/ledger/row.ts'
import type { Exchange } from '../vocabulary/exchange.ts'
import type { Principal } from '../vocabulary/principal.ts'

/**
 * An exchange as its ledger row: figures and names, never a prompt, an answer or a provider's words. Names are as the store keeps
 * them, so that its buckets have one name everywhere.
 */
export function rowOf(exchange: Exchange, periods: readonly string[]): LedgerRow {
  const { cost, deployment, error, firstByteAt, principal } = exchange
  return fitting({
    id: exchange.id,
    endpoint: exchange.endpoint,
    startedAt: exchange.startedAt,
    endedAt: exchange.endedAt,
    firstByteMs: firstByteAt === undefined ? undefined : firstByteAt - exchange.startedAt,
    stream: exchange.stream,
    ...ownersOf(principal),
    endUser: exchange.endUser,
    tags: exchange.tags,
    model: exchange.model,
    modelGroup: exchange.modelGroup,
    deploymentId: deployment?.id,
    provider: deployment?.provider,
    providerModel: deployment?.model,
    apiBase: deployment && bare(deployment.apiBase),
    usage: exchange.usage,
    cost: cost?.total,
    priceVersion: cost?.version,
    rates: cost?.rates as JsonObject | undefined,
    incomplete: cost?.incomplete ?? false,
    spend: exchange.spend,
    outcome: exchange.outcome,
    status: exchange.status,
    errorCode: error?.code,
    attempts: exchange.attempts.map(attemptOf),
    payers: exchange.payers && splitCost(exchange.spend, exchange.payers),
    periods,
    metadata: exchange.metadata as JsonObject,
  })
}

/** To whom the spend of a caller belongs. */
export function ownersOf(
  principal: Principal,
): Pick<LedgerRow, 'keyHash' | 'keyAlias' | 'userId' | 'teamId' | 'organizationId'> {
  const keyHash = keyHashOf(principal)
  if (principal.kind === 'master' || principal.kind === 'anonymous') return { keyHash }
  const key = principal.kind === 'key' ? principal.key : undefined
  return {
    keyHash,
    keyAlias: key?.alias,
    userId: key?.userId ?? principal.user?.id,
    teamId: key?.teamId ?? principal.team?.id,
    organizationId: key?.organizationId ?? principal.organization?.id,
  }
}

/** The name under which a caller's spend is kept. */
export function keyHashOf(principal: Principal): string {
  if (principal.kind === 'key') return principal.key.hash
  if (principal.kind === 'token') return tokenCaller
  return principal.kind === 'master' ? masterCaller : anonymousCaller
}

/** An attempt without its error's words: they are the provider's and may hold anything. */
function attemptOf(attempt: Attempt): JsonObject {
  if (attempt.kind !== 'failed') return attempt as unknown as JsonObject
  const { error, ...rest } = attempt
  return { ...rest, code: error.code, status: error.status }
}

/** An address without credentials and query, where keys have been seen. */
function bare(address: string): string {
  if (!/[?#@]/.test(address)) return address
  return (address.split(/[?#]/, 1)[0] ?? '').replace(/\/\/[^/@]*@/, '//')
}
