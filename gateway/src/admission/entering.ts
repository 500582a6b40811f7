import { type NanoUsd, toUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import type { Claim, Level, Shared, Taken } from '../shared/shared.ts'
import type { Entered, Entering } from './admission.ts'
import type { PeriodAt } from './claims.ts'

/** A budget of a provider, for good where it has no duration. */
export interface ProviderCap {
  readonly maxBudget: NanoUsd
  readonly duration?: string | undefined
}

export interface EnteringPorts {
  readonly shared: Pick<Shared, 'take' | 'agreement'>
  /** budgets of providers, by name */
  readonly providers: Readonly<Record<string, ProviderCap>>
  readonly periodAt: PeriodAt
  readonly now: () => number
}

/** A claim of an attempt, and the words for when there is no room. */
interface Wish {
  readonly claim: Claim
  /** the owner's bucket, which the ledger books in anyway */
  readonly owner: string
  /** when the budget's period ends */
  readonly resetAt?: number | undefined
  refused(level: Level): string
}

/** Takes everything that an attempt needs of its provider and its deployment, or nothing; undefined where neither has a limit. */
export function enteringWith(ports: EnteringPorts): (wanted: Entering) => Entered | undefined | Promise<Entered> {
  return (wanted) => {
    const wishes = wishesOf(wanted, ports)
    if (wishes.length === 0) return undefined
    const taken = ports.shared.take(wishes.map(({ claim }) => claim))
    return taken instanceof Promise
      ? taken.then((later) => entered(later, wishes, ports.now()))
      : entered(taken, wishes, ports.now())
  }
}

function wishesOf(wanted: Entering, ports: EnteringPorts): readonly Wish[] {
  const { provider, deployment } = wanted
  const cap = Object.hasOwn(ports.providers, provider) ? ports.providers[provider] : undefined
  const { id, budget, rpm, tpm } = deployment
  // a process that is alone has counted them itself
  const counted = (rpm !== undefined || tpm !== undefined) && ports.shared.agreement() !== 'alone'
  if (!cap && !budget && !counted) return none
  const wishes: Wish[] = []
  if (cap) wishes.push(money(`provider:${provider}`, `provider ${provider}`, cap, wanted, ports))
  if (budget) {
    const { limit, duration } = budget
    wishes.push(money(`deployment:${id}`, `deployment ${id}`, { maxBudget: limit, duration }, wanted, ports))
  }
  if (counted && rpm !== undefined) wishes.push(limit(`deployment:${id}`, 'requests', 1, rpm))
  if (counted && tpm !== undefined) {
    const { input, total } = wanted.tokens()
    wishes.push(limit(`deployment:${id}`, 'tokens', Math.max(input, Math.min(total, tpm), 1), tpm))
  }
  return wishes
}

const none: readonly Wish[] = []

/** The ledger books under the owner's name for good, and under the period's. */
function money(
  owner: string,
  name: string,
  cap: ProviderCap,
  wanted: Entering,
  { periodAt, now }: EnteringPorts,
): Wish {
  const { maxBudget, duration } = cap
  const period = duration === undefined ? undefined : periodAt(duration, now())
  const bucket = period ? `${owner}:${duration}:${period.name}` : owner
  return {
    owner,
    resetAt: period?.endsAt,
    claim: { kind: 'money', bucket, amount: wanted.worstCase() ?? zeroUsd, limit: maxBudget },
    refused: ({ used }) => `Exceeded budget for ${name}: ${toUsd(used as NanoUsd)} >= ${toUsd(maxBudget)}`,
  }
}

function limit(owner: string, of: 'requests' | 'tokens', amount: number, most: number): Wish {
  return {
    owner,
    claim: { kind: 'window', bucket: `${owner}#${of}`, amount, limit: most, windowMs: 60_000 },
    refused: ({ used }) => `${used} of ${most} ${of} per minute are used at ${owner.replace(':', ' ')}`,
  }
}

function entered(taken: Taken, wishes: readonly Wish[], now: number): Entered {
  if (!taken.granted) return fullOf(wishes[taken.at] as Wish, taken.level, now)
  const booked = wishes.filter(({ claim }) => claim.kind === 'money').map(({ claim }) => claim.bucket)
  return {
    buckets: wishes.flatMap(({ claim, owner }) =>
      claim.kind === 'money' && claim.bucket !== owner ? [claim.bucket] : [],
    ),
    claims: (name) => booked.includes(name),
    settle: ({ shares, tokens }) =>
      taken.hold.settle(
        wishes.map(({ claim }) => {
          if (claim.kind === 'money') return shares.find(([name]) => name === claim.bucket)?.[1] ?? 0
          return claim.bucket.endsWith('#tokens') ? tokens : undefined
        }),
      ),
  }
}

function fullOf({ claim, refused, resetAt }: Wish, level: Level, now: number): Entered {
  const back = claim.kind === 'money' ? resetAt : level.resetAt
  return {
    full: refused(level),
    kind: claim.kind === 'money' ? 'budget' : 'limit',
    ...(back !== undefined && { retryAfterMs: Math.max(1, back - now) }),
  }
}
