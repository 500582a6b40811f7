import type { Attempt } from '../../attempt.ts'
import type { Deployment } from '../../deployment.ts'
import type { Ranking, Strategy } from '../../strategies/strategy.ts'
import type { Kept } from '../affinity.ts'
import type { Seats } from '../seats.ts'
import { type Member, orderOf, type Roster } from './roster.ts'

/** What decides who of a group is tried next. */
export interface Choosing {
  readonly roster: Roster
  /** those of it that may take the call at all */
  readonly members: readonly Member[]
  readonly tokens: number
  /** deployments that this request must not try again */
  readonly spent: ReadonlySet<string>
  readonly tried: ReadonlySet<string>
  /** only levels of `order` above this, for tries beyond those that the group has */
  readonly above?: number | undefined
  readonly at: number
  /** hears who is passed over */
  readonly skipped?: ((member: Member, why: Extract<Attempt, { kind: 'skipped' }>['why']) => void) | undefined
}

/** Those who can be tried now: fresh ones before those that this request has tried, of these the lowest order. */
export function openNow(choosing: Choosing): readonly Member[] {
  const { roster, members, tokens, spent, tried, above, at, skipped } = choosing
  roster.at(at)
  const { lone } = roster
  const open: Member[] = []
  for (const member of members) {
    const { deployment, life } = member
    if (spent.size > 0 && spent.has(deployment.id)) continue
    if (above !== undefined && orderOf(deployment) <= above) continue
    if (!roster.group.pinned && (lone ? at < life.coolingUntil : life.isOut(at))) skipped?.(member, 'cooling')
    else if (roster.limited && member.isFull(tokens)) skipped?.(member, 'over-limit')
    else open.push(member)
  }
  if (open.length < 2) return open
  const fresh = tried.size > 0 ? open.filter(({ deployment }) => !tried.has(deployment.id)) : open
  const left = fresh.length > 0 ? fresh : open
  if (!roster.ordered) return left
  let lowest = Number.POSITIVE_INFINITY
  for (const { deployment } of left) lowest = Math.min(lowest, orderOf(deployment))
  return left.filter(({ deployment }) => orderOf(deployment) === lowest)
}

export interface Wanting {
  readonly kept: Kept | undefined
  readonly strategy: Strategy
  readonly seats: Seats
  readonly ranking: Ranking
}

/** Whom to try, best first: whoever keeps the conversation, else by the strategy; further ones only where they may be needed. */
export function wantedOf(
  { seated, raced }: Roster,
  open: readonly Member[],
  { kept, strategy, seats, ranking }: Wanting,
): readonly Member[] {
  if (open.length < 2) return open
  const free = seated ? inSeats(open, seats) : open
  const home = kept?.among(free.map(({ deployment }) => deployment))
  const member = home && free.find(({ deployment }) => deployment === home)
  if (member) return [member, ...free.filter((one) => one !== member)]
  if (seated || raced) return strategy.rank(free, ranking)
  const first = strategy.first(free, ranking)
  return first ? [first] : []
}

/** Who else may take the call beside one that is slow, best first: those of a later order too. */
export function rivalsOf(
  members: readonly Member[],
  wanted: readonly Member[],
  { tokens, at }: { readonly tokens: number; readonly at: number },
): readonly Deployment[] {
  const later = members.filter((member) => !wanted.includes(member) && !member.life.isOut(at) && !member.isFull(tokens))
  return [...wanted, ...later.sort((a, b) => orderOf(a.deployment) - orderOf(b.deployment))].map(
    ({ deployment }) => deployment,
  )
}

/** Those of them that have a free place; all of them where none has. */
function inSeats(open: readonly Member[], seats: Seats): readonly Member[] {
  const free = new Set(seats.open(open.map(({ deployment }) => deployment)))
  return open.filter(({ deployment }) => free.has(deployment))
}
