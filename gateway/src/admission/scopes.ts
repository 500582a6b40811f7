import { fit } from '../store/ledger/fitting.ts'
import type { Principal } from '../vocabulary/principal.ts'
import type { Customer, Tag } from '../vocabulary/tenants.ts'
import type { Terms } from '../vocabulary/terms.ts'

/** Whose budgets and limits a request counts against. The words are LiteLLM's descriptors, as in `x-ratelimit-api_key-limit-requests`. */
export type ScopeKind = 'api_key' | 'user' | 'team' | 'team_member' | 'organization' | 'end_user' | 'tag' | 'proxy'

/** One of those that a request is counted against. */
export interface Scope {
  readonly kind: ScopeKind
  /** what names it in messages: the hash of a key, the id of a team */
  readonly id: string
  /** for people, where there is one */
  readonly alias?: string | undefined
  /** bucket of all that it ever spends */
  readonly bucket: string
  readonly terms: Terms
  /** whether its budgets hold for this caller, or only its limits */
  readonly budgets: boolean
}

/** What the operator says about scopes as such. */
export interface ScopeSettings {
  /** whether a user's own budget holds for keys of a team too */
  readonly userBudgetOnTeamKeys: boolean
  /** parallel requests of a key that has no limit of its own */
  readonly maxParallelRequests?: number | undefined
  /** the budget of the whole gateway, and its limit of requests at once in this process */
  readonly proxy: Terms
}

/** Buckets of lifetime spend; the ledger books under the same names, with ids as the store keeps them. */
export const bucketOf = {
  api_key: (hash: string) => `key:${hash}`,
  user: (id: string) => `user:${fit(id)}`,
  team: (id: string) => `team:${fit(id)}`,
  team_member: (id: string) => `team-member:${memberOf(id)}`,
  organization: (id: string) => `organization:${fit(id)}`,
  end_user: (id: string) => `end-user:${fit(id)}`,
  tag: (id: string) => `tag:${fit(id)}`,
  proxy: () => 'all',
} as const satisfies Record<ScopeKind, (id: string) => string>

/** `TEAM:USER`, each a name of its own. */
function memberOf(id: string): string {
  const at = id.indexOf(':')
  return at < 0 ? fit(id) : `${fit(id.slice(0, at))}:${fit(id.slice(at + 1))}`
}

/** The scopes that follow from who is asking. The master is held to nothing but the whole gateway's budget. */
export function scopesOf(principal: Principal, settings: ScopeSettings): readonly Scope[] {
  const proxy = scope('proxy', 'proxy', settings.proxy)
  if (principal.kind === 'master' || principal.kind === 'anonymous') return [proxy]
  const { user, team, member, organization } = principal
  const scopes: Scope[] = []
  if (principal.kind === 'key') {
    const { key } = principal
    const terms =
      key.maxParallelRequests === undefined && settings.maxParallelRequests !== undefined
        ? { ...key, maxParallelRequests: settings.maxParallelRequests }
        : key
    scopes.push(scope('api_key', key.hash, terms, key.alias))
  }
  // a person's own budget is for what they do in their own name
  if (user)
    scopes.push({ ...scope('user', user.id, user, user.alias), budgets: !team || settings.userBudgetOnTeamKeys })
  if (team) scopes.push(scope('team', team.id, team, team.alias))
  if (member) scopes.push(scope('team_member', member.id, member))
  if (organization) scopes.push(scope('organization', organization.id, organization, organization.alias))
  return [...scopes, proxy]
}

/** The scopes that a request names itself. */
export function customerScope(customer: Customer): Scope {
  return scope('end_user', customer.id, customer, customer.alias)
}

export function tagScope(tag: Tag): Scope {
  return scope('tag', tag.id, tag)
}

function scope(kind: ScopeKind, id: string, terms: Terms, alias?: string): Scope {
  return { kind, id, alias, bucket: bucketOf[kind](id), terms, budgets: true }
}
