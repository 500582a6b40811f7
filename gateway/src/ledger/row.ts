import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Attempt } from 'turnpike-core/internal/router/attempt'
import { anonymousCaller, type LedgerRow, masterCaller } from '../store/ledger-row.ts'
import type { Exchange } from '../vocabulary/exchange.ts'
import type { Principal } from '../vocabulary/principal.ts'

/** An exchange as its ledger row: figures and names, never a prompt, an answer or a provider's words. */
export function rowOf(exchange: Exchange, periods: readonly string[]): LedgerRow {
  const { cost, deployment, error, firstByteAt } = exchange
  return {
    id: exchange.id,
    endpoint: exchange.endpoint,
    startedAt: exchange.startedAt,
    endedAt: exchange.endedAt,
    ...(firstByteAt !== undefined && { firstByteMs: firstByteAt - exchange.startedAt }),
    stream: exchange.stream,
    ...callerOf(exchange.principal),
    ...(exchange.endUser !== undefined && { endUser: exchange.endUser }),
    tags: exchange.tags,
    model: exchange.model,
    ...(exchange.modelGroup !== undefined && { modelGroup: exchange.modelGroup }),
    ...(deployment && {
      deploymentId: deployment.id,
      provider: deployment.provider,
      providerModel: deployment.model,
      apiBase: bare(deployment.apiBase),
    }),
    ...(exchange.usage && { usage: exchange.usage }),
    ...(cost && { cost: cost.total, priceVersion: cost.version, rates: cost.rates as JsonObject }),
    incomplete: cost?.incomplete ?? false,
    spend: exchange.spend,
    outcome: exchange.outcome,
    status: exchange.status,
    ...(error && { errorCode: error.code }),
    attempts: exchange.attempts.map(attemptOf),
    periods,
  }
}

/** The name under which a caller's spend is kept. */
export function keyHashOf(principal: Principal): string {
  if (principal.kind === 'key') return principal.key.hash
  return principal.kind === 'master' ? masterCaller : anonymousCaller
}

function callerOf(principal: Principal) {
  const keyHash = keyHashOf(principal)
  if (principal.kind !== 'key') return { keyHash }
  const { alias, userId, teamId, organizationId } = principal.key
  return {
    keyHash,
    ...(alias !== undefined && { keyAlias: alias }),
    ...(userId !== undefined && { userId }),
    ...(teamId !== undefined && { teamId }),
    ...(organizationId !== undefined && { organizationId }),
  }
}

/** An attempt without its error's words: they are the provider's and may hold anything. */
function attemptOf(attempt: Attempt): JsonObject {
  if (attempt.kind !== 'failed') return { ...attempt }
  const { error, ...rest } = attempt
  return { ...rest, code: error.code, status: error.status }
}

/** An address without credentials and query, where keys have been seen. */
function bare(address: string): string {
  return (address.split(/[?#]/, 1)[0] ?? '').replace(/\/\/[^/@]*@/, '//')
}
