import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, subtractUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import { bucketOf } from '../../../admission/scopes.ts'
import { record, resetAt, type Who } from '../../desk.ts'
import { invalid } from '../../shapes.ts'
import { effective } from '../../tenants/views.ts'
import { iso, usd } from '../../terms.ts'
import { keyOrNotFound } from '../find.ts'
import { checkManages } from '../rules/rights.ts'
import { periodBucket } from './buckets.ts'
import { correct } from './corrections.ts'
import { inTurn } from './turns.ts'

/** Sets what a key has spent in the current period of its budget to less. What was spent in all stays in the ledger. */
export async function resetSpend(who: Who, sent: string, resetTo: NanoUsd): Promise<JsonObject> {
  const { house } = who
  const stored = await keyOrNotFound(who, sent)
  await checkManages(who, stored)
  const { hash } = stored.value
  const terms = await effective(house, stored.value)
  const bucket = periodBucket(house, bucketOf.api_key(hash), terms.budgetDuration)
  const previous = await inTurn(hash, async () => {
    await house.ledger.flush()
    const spent = await house.store.balanceOf(bucket)
    const most = Math.min(spent, terms.maxBudget ?? spent) as NanoUsd
    if (resetTo > most)
      throw invalid(
        'reset_to',
        `reset_to (${toUsd(resetTo)}) must be between 0 and ${toUsd(most)}: no more than is spent, and than the budget.`,
      )
    await correct(house, [[bucket, subtractUsd(resetTo, spent)]], 'key.reset_spend')
    return spent
  })
  await record(who, {
    action: 'updated',
    table: 'LiteLLM_VerificationToken',
    objectId: hash,
    before: { spend: toUsd(previous) },
    after: { spend: toUsd(resetTo) },
  })
  return {
    key_hash: hash,
    spend: toUsd(resetTo),
    previous_spend: toUsd(previous),
    max_budget: usd(terms.maxBudget),
    budget_reset_at: iso(resetAt(house, terms)),
  }
}
