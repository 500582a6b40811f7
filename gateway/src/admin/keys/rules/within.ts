import { isDeepStrictEqual } from 'node:util'
import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { matchesWildcard, shownList } from '../../../access/patterns.ts'
import { isAdmin } from '../../../access/rights.ts'
import { underlaid } from '../../../access/standing.ts'
import type { House } from '../../../house.ts'
import { targetOf } from '../../../pipeline/resolve.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import type { Terms } from '../../../vocabulary/terms.ts'
import { forbidden, type Who } from '../../desk.ts'
import { invalid } from '../../shapes.ts'
import { checkTermsWithin } from '../../tenants/bounds.ts'
import { effective } from '../../tenants/views.ts'
import type { Footing } from './rights.ts'

/** Whose models and terms a key must stay within. */
interface Parent {
  readonly kind: string
  readonly terms: Terms
  readonly models?: readonly string[]
}

/** 400 where a key has what its team, user or organisation has not. An administrator may give any budget; it is held to the parent's when it is spent. */
export async function checkWithin(who: Who, key: VirtualKey, footing: Footing): Promise<void> {
  const { house, caller } = who
  const parents = await parentsOf(who, key, footing)
  for (const { kind, models } of parents) if (models) checkModels(key.models, models, { kind, house })
  if (isAdmin(caller)) return
  const child = await effective(house, key)
  const raised = child.maxBudget !== undefined && child.tempBudgetIncrease !== undefined
  const most = raised ? { ...child, maxBudget: sum(child.maxBudget, child.tempBudgetIncrease) } : child
  for (const { kind, terms } of parents)
    checkTermsWithin(most, await effective(house, terms), { child: 'Key', parent: kind })
}

type Amount = NonNullable<Terms['maxBudget']>

function sum(a: Amount = 0 as Amount, b: Amount = 0 as Amount): Amount {
  return (a + b) as Amount
}

async function parentsOf(
  { house, caller }: Who,
  key: VirtualKey,
  { as, team, member }: Footing,
): Promise<readonly Parent[]> {
  const parents: Parent[] = []
  if (team) {
    parents.push({ kind: 'team', terms: team, models: [...team.models, ...Object.keys(team.modelAliases)] })
    if (as === 'member' && member)
      parents.push({ kind: 'team member', terms: team.memberTerms ? underlaid(member, team.memberTerms) : member })
  }
  const organizationId = key.organizationId ?? team?.organizationId
  const organization = organizationId === undefined ? undefined : await house.store.organizations.find(organizationId)
  if (organization) parents.push({ kind: 'organization', terms: organization.value, models: organization.value.models })
  if (key.teamId === undefined && key.userId !== undefined && !isAdmin(caller)) {
    const user = await house.store.users.find(key.userId)
    if (user) parents.push({ kind: 'user', terms: user.value, models: user.value.models })
  }
  return parents
}

const every = ['all-proxy-models', '*']

function checkModels(
  models: readonly string[],
  parent: readonly string[],
  { kind, house }: { kind: string; house: House },
): void {
  // a key that names no models has those of its parent
  if (models.length === 1 && models[0] === 'all-proxy-models') return
  if (parent.some((entry) => every.includes(entry))) return
  const beyond = models.find((model) => !names(parent, model, house))
  if (beyond === undefined) return
  throw invalid('models', `Key cannot have model ${beyond}: its ${kind} can only access models=${shownList(parent)}.`)
}

function names(parent: readonly string[], model: string, house: House): boolean {
  if (model === 'all-team-models' || model === 'no-default-models') return true
  if (every.includes(model)) return false
  if (parent.some((entry) => entry === model || (entry.includes('*') && matchesWildcard(entry, model)))) return true
  return accessGroupsOf(model, house).some((group) => parent.includes(group))
}

function accessGroupsOf(model: string, house: House): readonly string[] {
  try {
    return targetOf(model, house.router.group(model)).accessGroups ?? []
  } catch (thrown) {
    if (isGatewayError(thrown)) return []
    throw thrown
  }
}

const limits = {
  maxBudget: 'max_budget',
  rpmLimit: 'rpm_limit',
  tpmLimit: 'tpm_limit',
  maxParallelRequests: 'max_parallel_requests',
} as const
const otherTerms = {
  budgetDuration: 'budget_duration',
  budgetLimits: 'budget_limits',
  modelMaxBudget: 'model_max_budget',
  tempBudgetIncrease: 'temp_budget_increase',
  tempBudgetExpiry: 'temp_budget_expiry',
  modelRpmLimit: 'model_rpm_limit',
  modelTpmLimit: 'model_tpm_limit',
  budgetId: 'budget_id',
} as const satisfies { readonly [K in keyof Terms]?: string }

/** 403 where somebody who does not manage a key loosens what its managers set: only they may. */
export function checkNotLoosened(before: VirtualKey, after: VirtualKey): void {
  for (const [member, field] of pairs(limits)) {
    const [had, has] = [before[member], after[member]]
    if (had !== undefined && (has === undefined || has > had)) throw notForOwners(field)
  }
  for (const [member, field] of pairs(otherTerms)) {
    const bound = before[member] !== undefined || before.maxBudget !== undefined
    if (bound && !isDeepStrictEqual(before[member], after[member])) throw notForOwners(field)
  }
  if (before.blocked !== after.blocked) throw notForOwners('blocked')
  const { expiresAt } = before
  if (expiresAt !== undefined && (after.expiresAt === undefined || after.expiresAt > expiresAt))
    throw notForOwners('duration')
  // a list of what is allowed is loosened by being empty or longer, a list of what is asked for by being shorter
  if (!isNarrower(after.allowedIps, before.allowedIps)) throw notForOwners('allowed_ips')
  if (!isNarrower(after.allowedRoutes, before.allowedRoutes)) throw notForOwners('allowed_routes')
  if (!before.enforcedParams.every((name) => after.enforcedParams.includes(name))) throw notForOwners('enforced_params')
}

/** 403 where somebody makes a key for routes that their own key may not call. */
export function checkRoutesWithin({ caller }: Who, key: VirtualKey): void {
  if (isAdmin(caller) || caller.kind !== 'key') return
  if (isNarrower(key.allowedRoutes, caller.key.allowedRoutes)) return
  throw forbidden(
    `A key for these routes cannot be made with a key that may only call ${shownList(caller.key.allowedRoutes)}.`,
    'allowed_routes',
  )
}

/** Whether a list allows no more than another; an empty one allows everything. */
function isNarrower(list: readonly string[], than: readonly string[]): boolean {
  return than.length === 0 || (list.length > 0 && list.every((entry) => than.includes(entry)))
}

function pairs<T extends object>(table: T): [keyof T, string][] {
  return Object.entries(table) as [keyof T, string][]
}

function notForOwners(field: string) {
  return forbidden(
    `Only a proxy admin, or an admin of the key’s team or organization, may raise or remove ${field} of a key.`,
    field,
  )
}

/** 403 unless an administrator gives permissions: they open what belongs to everybody. */
export function checkPermissions({ caller }: Who, before: VirtualKey | undefined, after: VirtualKey): void {
  if (isAdmin(caller) || isDeepStrictEqual(before?.metadata.permissions, after.metadata.permissions)) return
  throw forbidden('Only a proxy admin may give permissions to a key.', 'permissions')
}
