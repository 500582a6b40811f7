import { type GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { type NanoUsd, nanoUsd } from 'turnpike-core/internal/kernel/money'
import { createMemoryShared } from '../../shared/memory.ts'
import { utcClock } from '../../vocabulary/duration.ts'
import type { Principal, VirtualKey } from '../../vocabulary/principal.ts'
import type { Customer, Organization, Tag, Team, TeamMember, User } from '../../vocabulary/tenants.ts'
import type { Terms } from '../../vocabulary/terms.ts'
import type { Admitted, Wanted } from '../admission.ts'
import { type AdmissionPorts, createAdmission } from '../create-admission.ts'
import { periodAt } from '../periods.ts'

/** Whose terms are set down; who is absent is not there. */
export interface Cast {
  readonly key?: Terms & { readonly alias?: string }
  readonly user?: Terms
  readonly team?: Terms
  readonly member?: Terms
  readonly organization?: Terms
}

const key: VirtualKey = {
  hash: 'hash-of-the-key',
  name: 'sk-...abcd',
  models: ['all-proxy-models'],
  aliases: {},
  blocked: false,
  allowedRoutes: [],
  allowedIps: [],
  enforcedParams: [],
  metadata: {},
  tags: [],
  createdAt: 0,
}
const user: User = { id: 'ann', role: 'internal_user', models: [], blocked: false, metadata: {} }
const team: Team = { id: 'red', models: [], modelAliases: {}, blocked: false, memberPermissions: [], metadata: {} }
const member: TeamMember = { id: 'red:ann', teamId: 'red', userId: 'ann', role: 'user' }
const organization: Organization = { id: 'acme', models: [], metadata: {} }

/** A caller with a key, and those around it. */
export function callerOf(cast: Cast): Principal {
  return {
    kind: 'key',
    key: { ...key, ...cast.key },
    role: 'internal_user',
    ...(cast.user && { user: { ...user, ...cast.user } }),
    ...(cast.team && { team: { ...team, ...cast.team } }),
    ...(cast.member && { member: { ...member, ...cast.member } }),
    ...(cast.organization && { organization: { ...organization, ...cast.organization } }),
    administers: { teams: [], organizations: [] },
    teamIds: cast.team ? ['red'] : [],
  }
}

export const customerOf = (terms: Terms): Customer => ({ id: 'eve', blocked: false, ...terms })
export const tagOf = (terms: Terms, id = 'blue'): Tag => ({ id, models: [], ...terms })

type Settings = AdmissionPorts['settings']

/** What one request asks for, in dollars and tokens. */
export interface Asked extends Partial<Omit<Wanted, 'worstCase' | 'tokens'>> {
  readonly cast?: Cast
  /** dollars; `unknown` where nobody knows the price */
  readonly costs?: number | 'unknown'
  readonly input?: number
  readonly total?: number
}

export interface Spent {
  readonly usd?: number
  readonly tokens?: number
  readonly shares?: Readonly<Record<string, number>>
}

/** Noon of a Sunday in UTC. */
const noon = Date.UTC(2026, 10, 22, 12)

/** An admission over shared memory, with a clock that is set by hand. `stored` is what is spent already, in dollars. */
export function openScene(settings: Partial<Settings> = {}, stored: Readonly<Record<string, number>> = {}) {
  const clock = { now: noon }
  const now = () => clock.now
  const shared = createMemoryShared({ balanceOf: (bucket) => nanoUsd(stored[bucket] ?? 0), now })
  const admission = createAdmission({
    shared,
    settings: { userBudgetOnTeamKeys: false, allowUnpriced: false, providers: {}, proxy: {}, ...settings },
    periodAt: periodAt(utcClock),
    now,
  })

  function ask({ cast = {}, costs = 0.01, input = 10, total = 20, ...rest }: Asked = {}): Admitted {
    const admitted = admission.admit({
      principal: callerOf(cast),
      tags: [],
      model: 'gpt',
      worstCase: costs === 'unknown' ? undefined : nanoUsd(costs),
      tokens: { input, total },
      ...rest,
    })
    if (admitted instanceof Promise) throw new Error('everything is in memory, and yet it waits')
    return admitted
  }

  return {
    admission,
    shared,
    clock,
    ask,
    refused(asked: Asked): GatewayError {
      try {
        ask(asked)
      } catch (thrown) {
        if (isGatewayError(thrown)) return thrown
        throw thrown
      }
      throw new Error('it was let in')
    },
    spentIn: (bucket: string): number | undefined => {
      const spent = shared.spentIn(bucket)
      return spent === undefined ? undefined : spent / 1e9
    },
  }
}

/** Ends a request as the ledger does. */
export function settle(admitted: Admitted, { usd = 0, tokens, shares = {} }: Spent = {}): void {
  const booked = Object.entries(shares).map(([bucket, amount]) => [bucket, nanoUsd(amount)] as const)
  admitted.settle({ spend: nanoUsd(usd), tokens, shares: booked })
}

export const dollars = (amount: number): NanoUsd => nanoUsd(amount)
