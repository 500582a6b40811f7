import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, nanoUsd, subtractUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import { isAdmin } from '../../../access/rights.ts'
import { bucketOf } from '../../../admission/scopes.ts'
import { forbidden, notFound, ownUserId, record, type Who } from '../../desk.ts'
import { periodBucket } from '../../keys/rotation/buckets.ts'
import { correct } from '../../keys/rotation/corrections.ts'
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
  const bucket = periodBucket(house, bucketOf.team_member(member.value.id), terms.budgetDuration)
  const previous = await house.store.balanceOf(bucket)
  const wanted = nanoUsd(resetTo)
  const most = Math.min(previous, terms.maxBudget ?? previous)
  if (wanted > most)
    throw invalid(
      'reset_to',
      `reset_to (${resetTo}) must be between 0 and ${toUsd(most as NanoUsd)}: what is spent, and the budget.`,
    )
  await correct(house, [[bucket, subtractUsd(wanted, previous)]], 'team.member.reset_spend')
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
