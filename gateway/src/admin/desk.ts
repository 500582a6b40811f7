import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { isAdmin } from '../access/rights.ts'
import { periodAt } from '../admission/periods.ts'
import type { House } from '../house.ts'
import type { RouteCall } from '../pipeline/route.ts'
import type { Stored } from '../store/aggregate.ts'
import type { Principal } from '../vocabulary/principal.ts'
import type { Terms } from '../vocabulary/terms.ts'

/** What every management call is answered from, whatever its shape. */
export interface Who {
  readonly caller: Principal
  readonly call: RouteCall
  readonly house: House
}

/** Who a change is put down to: the header that LiteLLM's clients send (administrators only), else the caller's own user. */
export function changedBy({ caller, call }: Who): string {
  const given = call.request.headers.get('litellm-changed-by')
  if (given !== null && isAdmin(caller) && /^[\x20-\x7e]{1,128}$/.test(given)) return given
  if (caller.kind === 'key') return caller.user?.id ?? caller.key.userId ?? caller.key.name
  if (caller.kind === 'token') return caller.user?.id ?? caller.subject
  return 'default_user_id'
}

/** A new row around a value. */
export function fresh<T>(who: Who, value: T, extra: JsonObject = {}): Stored<T> {
  const [at, by] = [who.house.now(), changedBy(who)]
  return { value, extra, createdAt: at, createdBy: by, updatedAt: at, updatedBy: by }
}

/** The same row with another value. */
export function edited<T>(who: Who, stored: Stored<T>, value: T, extra = stored.extra): Stored<T> {
  return { ...stored, value, extra, updatedAt: who.house.now(), updatedBy: changedBy(who) }
}

/** LiteLLM's names of what is changed, as its audit log has them. */
export type Table =
  | 'LiteLLM_VerificationToken'
  | 'LiteLLM_UserTable'
  | 'LiteLLM_TeamTable'
  | 'LiteLLM_OrganizationTable'
  | 'LiteLLM_EndUserTable'
  | 'LiteLLM_TagTable'
  | 'LiteLLM_BudgetTable'
  | 'LiteLLM_ProxyModelTable'
  | 'LiteLLM_CredentialsTable'
  | 'LiteLLM_Config'

export interface Change {
  readonly action: 'created' | 'updated' | 'deleted' | 'blocked' | 'unblocked' | 'rotated'
  readonly table: Table
  readonly objectId: string
  /** as the API shows them: no secret is ever in them */
  readonly before?: JsonObject | undefined
  readonly after?: JsonObject | undefined
}

/** Writes a change into the audit trail and tells every replica of it. Call it after the change is stored. */
export async function record(who: Who, change: Change): Promise<void> {
  const { house, caller } = who
  if (change.table === 'LiteLLM_VerificationToken') house.news.key(change.objectId)
  else if (change.table === 'LiteLLM_ProxyModelTable' || change.table === 'LiteLLM_CredentialsTable')
    await house.news.models()
  else if (change.table === 'LiteLLM_Config') house.news.settings()
  else house.news.tenants()
  await house.store.audit.append({
    id: crypto.randomUUID(),
    at: house.now(),
    changedBy: changedBy(who),
    ...(caller.kind === 'key' && { changedByKey: caller.key.hash }),
    ...change,
  })
}

/** What is spent in the current period of somebody's budget; for good where it has none. */
export async function spentBy(house: House, bucket: string, terms: Terms): Promise<NanoUsd> {
  const period =
    terms.budgetDuration === undefined
      ? undefined
      : periodAt(house.config.governance.budgets.clock)(terms.budgetDuration, house.now())
  const name = period ? `${bucket}:${terms.budgetDuration}:${period.name}` : bucket
  return house.shared.spentIn(name) ?? (await house.store.balanceOf(name))
}

/** When the current period of a budget ends, in milliseconds since 1970. */
export function resetAt(house: House, terms: Terms): number | undefined {
  if (terms.budgetDuration === undefined) return undefined
  return periodAt(house.config.governance.budgets.clock)(terms.budgetDuration, house.now())?.endsAt
}

export function notFound(message: string, param?: string): GatewayError {
  return new GatewayError('not-found', message, { kind: 'not_found_error', ...(param !== undefined && { param }) })
}

export function forbidden(message: string, param?: string): GatewayError {
  return new GatewayError('route-denied', message, { kind: 'auth_error', ...(param !== undefined && { param }) })
}

/** Whether the caller manages a team: an administrator, one of the team, or one of its organisation. */
export function managesTeam(
  caller: Principal,
  team: { readonly id: string; readonly organizationId?: string | undefined },
): boolean {
  if (isAdmin(caller)) return true
  if (caller.kind !== 'key' && caller.kind !== 'token') return false
  const { teams, organizations } = caller.administers
  return teams.includes(team.id) || (team.organizationId !== undefined && organizations.includes(team.organizationId))
}

export function managesOrganization(caller: Principal, organizationId: string): boolean {
  if (isAdmin(caller)) return true
  return (caller.kind === 'key' || caller.kind === 'token') && caller.administers.organizations.includes(organizationId)
}

/** The caller's own user id, where there is one. */
export function ownUserId(caller: Principal): string | undefined {
  if (caller.kind === 'key') return caller.user?.id ?? caller.key.userId
  return caller.kind === 'token' ? caller.user?.id : undefined
}
