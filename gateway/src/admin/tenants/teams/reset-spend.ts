import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, nanoUsd, subtractUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import { isAdmin } from '../../../access/rights.ts'
import { periodAt } from '../../../admission/periods.ts'
import { bucketOf } from '../../../admission/scopes.ts'
import type { House } from '../../../house.ts'
import type { Terms } from '../../../vocabulary/terms.ts'
import { forbidden, notFound, ownUserId, record, type Who } from '../../desk.ts'
import { invalid } from '../../shapes.ts'
import { usd } from '../../terms.ts'
import { effective } from '../views.ts'
import { memberId } from './members.ts'
import { memberWith } from './team-view.ts'
import { managedTeam } from './team-writes.ts'

export interface ResetSpend {
  readonly teamId: string
  readonly userId: string
  /** dollars */
  readonly resetTo: number
}

/** Sets what a member has spent in the current period of their budget. What was spent in all stays in the ledger. */
export async function resetMemberSpend(who: Who, { teamId, userId, resetTo }: ResetSpend): Promise<JsonObject> {
  const { house, caller } = who
  const team = await managedTeam(who, teamId)
  if (!isAdmin(caller) && ownUserId(caller) === userId)
    throw forbidden('Cannot reset your own spend. Ask a proxy admin.', 'user_id')
  const member = await house.store.teamMembers.find(memberId(teamId, userId))
  if (!member) throw notFound(`User=${userId} is not in team=${teamId}.`, 'user_id')
  const terms = await effective(house, memberWith(member.value, team.value))
  await house.ledger.flush()
  const bucket = currentBucket(house, bucketOf.team_member(member.value.id), terms)
  const previous = await house.store.balanceOf(bucket)
  const wanted = nanoUsd(resetTo)
  const most = Math.min(previous, terms.maxBudget ?? previous)
  if (wanted > most)
    throw invalid(
      'reset_to',
      `reset_to (${resetTo}) must be between 0 and ${toUsd(most as NanoUsd)}: what is spent, and the budget.`,
    )
  if (wanted !== previous) await correct(house, bucket, subtractUsd(wanted, previous))
  await record(who, {
    action: 'updated',
    table: 'LiteLLM_TeamTable',
    objectId: teamId,
    before: { member: { user_id: userId, spend: toUsd(previous) } },
    after: { member: { user_id: userId, spend: resetTo } },
  })
  return {
    team_id: teamId,
    user_id: userId,
    spend: resetTo,
    previous_spend: toUsd(previous),
    max_budget: usd(terms.maxBudget),
  }
}

function currentBucket(house: House, bucket: string, { budgetDuration }: Terms): string {
  const clock = house.config.governance.budgets.clock
  const period = budgetDuration === undefined ? undefined : periodAt(clock)(budgetDuration, house.now())
  return period ? `${bucket}:${budgetDuration}:${period.name}` : bucket
}

/** Moves one balance by a row of the ledger that is booked there and nowhere else. */
async function correct(house: House, bucket: string, spend: NanoUsd): Promise<void> {
  const now = house.now()
  const { balances } = await house.store.ledger.append([
    {
      id: crypto.randomUUID(),
      endpoint: 'team.member.reset_spend',
      startedAt: now,
      endedAt: now,
      stream: false,
      keyHash: '',
      tags: [],
      model: '',
      incomplete: false,
      spend,
      outcome: 'corrected',
      status: 200,
      attempts: [],
      metadata: {},
      periods: [bucket],
    },
  ])
  const balance = balances.get(bucket)
  if (balance !== undefined) house.shared.correct(bucket, balance)
}
