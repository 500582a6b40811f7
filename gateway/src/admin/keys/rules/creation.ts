import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { toUsd } from 'turnpike-core/internal/kernel/money'
import { isAdmin, roleOf } from '../../../access/rights.ts'
import type { CreationRules, KeyBounds } from '../../../config/governance.ts'
import { later, readDuration } from '../../../vocabulary/duration.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import type { Who } from '../../desk.ts'
import { invalid } from '../../shapes.ts'
import { saysNothing } from '../../tenants/fields.ts'
import type { KeyBody } from './shapes.ts'

/** A new key's body with the operator's words wherever it says nothing. */
export function withDefaults<B extends Partial<KeyBody>>(body: B, { keyDefaults }: CreationRules): B {
  const { models, tags, metadata } = keyDefaults
  const usual: Partial<KeyBody> = {
    ...named(keyDefaults),
    soft_budget: keyDefaults.softBudget,
    user_id: keyDefaults.userId,
    team_id: keyDefaults.teamId,
    models: models && [...models],
    tags: tags && [...tags],
    metadata: metadata as JsonObject | undefined,
  }
  const silent = Object.entries(usual).filter(
    ([name, value]) => value !== undefined && says(body, name as keyof KeyBody) === false,
  )
  return { ...body, ...Object.fromEntries(silent) }
}

/** A limit of 0 says something; an empty list, object or nothing at all does not. */
function says(body: Partial<KeyBody>, name: keyof KeyBody): boolean {
  const value = body[name]
  return value === 0 || !saysNothing(value)
}

const boundNames = [
  'max_budget',
  'budget_duration',
  'duration',
  'max_parallel_requests',
  'rpm_limit',
  'tpm_limit',
] as const
type Bound = Pick<KeyBody, (typeof boundNames)[number]>

function named(bounds: KeyBounds): Bound {
  return {
    max_budget: bounds.maxBudget,
    budget_duration: bounds.budgetDuration,
    duration: bounds.duration,
    max_parallel_requests: bounds.maxParallelRequests,
    rpm_limit: bounds.rpmLimit,
    tpm_limit: bounds.tpmLimit,
  }
}

/** The body held to the operator's bounds: 400 where it asks for more; what has no bound of its own gets the operator's. */
export function bounded<B extends Partial<KeyBody>>(body: B, rules: CreationRules, all: 'all' | 'what is sent'): B {
  const bounds = named(rules.keyBounds)
  const filled: Record<string, unknown> = {}
  for (const name of boundNames) {
    const [given, most] = [body[name], bounds[name]]
    if (most === undefined || most === null || (given === undefined && all !== 'all')) continue
    if (given === undefined || given === null || given === '-1') filled[name] = most
    else if (size(given) > size(most))
      throw invalid(
        name,
        `${name} is over max limit set in config - user_value=${shown(name, given)}; max_value=${shown(name, most)}`,
      )
  }
  return { ...body, ...filled }
}

function size(value: string | number): number {
  if (typeof value === 'number') return value
  const duration = readDuration(value)
  return duration ? later(0, duration) : Number.POSITIVE_INFINITY
}

function shown(name: string, value: string | number): string {
  return name === 'max_budget' ? String(toUsd(value as NonNullable<KeyBody['max_budget']>)) : String(value)
}

/** Whether the operator lets this caller have such a key; `teamRole` is what the caller is in the key's team. */
export function checkCreation(
  { caller, house }: Who,
  key: Pick<VirtualKey, 'teamId'>,
  asked: { readonly body?: Partial<KeyBody>; readonly teamRole?: 'admin' | 'user' | undefined },
): void {
  const { refuseKeysWithoutTeam, teamKeys, personalKeys } = house.config.governance.creation
  if (key.teamId === undefined) {
    if (refuseKeysWithoutTeam)
      throw invalid('team_id', 'Keys must name a team here (general_settings.default_team_disabled): give team_id.')
    const roles: readonly string[] | undefined = personalKeys?.userRoles
    if (roles && !isAdmin(caller) && !roles.includes(roleOf(caller)))
      throw invalid(
        'team_id',
        `Personal key creation has been restricted by admin. Allowed roles=${roles.join(', ')}. Your role=${roleOf(caller)}. Name a team in team_id.`,
      )
    if (asked.body) checkRequired(asked.body, personalKeys?.requiredParams)
  } else if (teamKeys && !isAdmin(caller)) {
    if (!teamKeys.memberRoles.some((role) => role === asked.teamRole))
      throw invalid(
        'team_id',
        `Team member role ${asked.teamRole ?? 'none'} not in allowed_team_member_roles=${teamKeys.memberRoles.join(', ')}.`,
      )
    if (asked.body) checkRequired(asked.body, teamKeys.requiredParams)
  }
}

function checkRequired(body: Partial<KeyBody>, required: readonly string[] = []): void {
  const missing = required.find((name) => !says(body, name as keyof KeyBody))
  if (missing !== undefined)
    throw invalid(missing, `Required param ${missing} not in data. Every new key must have it here.`)
}
