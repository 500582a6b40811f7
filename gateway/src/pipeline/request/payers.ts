import type { Call } from 'turnpike-core/internal/client/call'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { asObject, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { isAdmin } from '../../access/rights.ts'
import type { Payer } from '../../admission/admission.ts'
import { bucketOf, type Scope } from '../../admission/scopes.ts'
import type { House } from '../../house.ts'
import type { Principal } from '../../vocabulary/principal.ts'
import type { Terms } from '../../vocabulary/terms.ts'

const where = 'metadata.cost_split'

/** Who shares the cost of a call: `metadata.cost_split: {"user:ann": 0.7, "user:bob": 0.3}`. Undefined when nothing is split. */
export async function payersOf(call: Call, caller: Principal, house: House): Promise<readonly Payer[] | undefined> {
  if (!call.envelope.members.has('metadata')) return undefined
  const split = asObject(asObject(call.field('metadata'))?.cost_split)
  if (!split) return undefined
  checkShares(split)
  const payers: Payer[] = []
  for (const [name, share] of Object.entries(split))
    payers.push({ scope: await scopeOf(name, caller, house), share: share as number })
  return payers
}

function checkShares(split: JsonObject): void {
  const shares = Object.values(split)
  const whole = shares.every((share) => typeof share === 'number' && share > 0 && share <= 1)
  const sum = (shares as number[]).reduce((total, share) => total + share, 0)
  if (whole && Math.abs(sum - 1) <= 1e-6 && shares.length <= 32) return
  throw refused(`${where} must give one to 32 payers a share above 0 each, and the shares must add up to 1.`)
}

/** A payer as a scope, if the caller may spend its money. */
async function scopeOf(name: string, caller: Principal, house: House): Promise<Scope> {
  const colon = name.indexOf(':')
  const [kind, id] = [name.slice(0, colon), name.slice(colon + 1)]
  switch (kind) {
    case 'user':
      return (await mayChargeUser(id, caller, house)) ?? notAllowed(name)
    case 'team':
      return (await mayChargeTeam(id, caller, house)) ?? notAllowed(name)
    case 'customer':
      return (await mayChargeCustomer(id, house)) ?? notAllowed(name)
    case 'tag':
      return scope('tag', id, (await house.access.tag(id)) ?? {})
    default:
      throw refused(
        `${where} names ${JSON.stringify(name.slice(0, 100))}; a payer is user:ID, team:ID, customer:ID or tag:NAME.`,
      )
  }
}

/** Oneself, or who is in the team that the caller acts for; an administrator may charge anybody there is. */
async function mayChargeUser(id: string, caller: Principal, house: House): Promise<Scope | undefined> {
  const user = await house.access.user(id)
  if (!user || user.blocked) return undefined
  const payer = scope('user', id, user)
  if (isAdmin(caller)) return payer
  if (caller.kind === 'master' || caller.kind === 'anonymous') return undefined
  if (caller.user?.id === id) return payer
  const theirs = (await house.access.standing(id))?.teamIds ?? []
  return caller.team && theirs.includes(caller.team.id) ? payer : undefined
}

/** The team that the caller acts for, or another that its user is in. */
async function mayChargeTeam(id: string, caller: Principal, house: House): Promise<Scope | undefined> {
  const team = await house.access.team(id)
  if (!team || team.blocked) return undefined
  if (isAdmin(caller)) return scope('team', id, team)
  if (caller.kind === 'master' || caller.kind === 'anonymous') return undefined
  return caller.team?.id === id || caller.teamIds.includes(id) ? scope('team', id, team) : undefined
}

/** Anybody may name any customer, as in `user`. */
async function mayChargeCustomer(id: string, house: House): Promise<Scope | undefined> {
  const customer = await house.access.customer(id)
  return customer?.blocked ? undefined : scope('end_user', id, customer ?? {})
}

function scope(kind: Scope['kind'], id: string, terms: Terms): Scope {
  return { kind, id, bucket: bucketOf[kind](id), terms, budgets: true }
}

function notAllowed(name: string): never {
  throw new GatewayError(
    'route-denied',
    `${where}: the caller may not charge ${name}, or it does not exist or is blocked.`,
    {
      param: where,
      kind: 'auth_error',
    },
  )
}

function refused(message: string): GatewayError {
  return new GatewayError('invalid-request', message, { param: where })
}
