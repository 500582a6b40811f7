import type { Json } from 'turnpike-core/internal/kernel/json'
import { subtractUsd, toUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import { everything } from '../../../store/ledger/balances.ts'
import { forbidden, record, type Who } from '../../desk.ts'
import { correct } from '../../keys/rotation/corrections.ts'

const balancesAtOnce = 500

/**
 * `POST /global/spend/reset`: every balance of a key or team becomes 0, those of budget periods and models too, each by a row of the
 * ledger that is booked there and nowhere else. What was spent in all stays what it is.
 */
export async function resetSpend(who: Who): Promise<Json> {
  const { house, caller } = who
  if (caller.kind !== 'master') throw forbidden('Only the master key may reset all spend.')
  await house.ledger.flush()
  let moved = 0
  for (let after = ''; ; ) {
    const page = await house.store.ledger.snapshot((pages) => pages.balances(after, balancesAtOnce))
    const spent = [...page].filter(([bucket, amount]) => amount !== 0 && /^(?:key|team):/.test(bucket))
    const back = spent.map(([bucket, amount]) => [bucket, subtractUsd(zeroUsd, amount)] as const)
    await correct(house, back, 'global.spend.reset')
    moved += spent.length
    after = [...page.keys()].at(-1) ?? after
    if (page.size < balancesAtOnce) break
  }
  await record(who, {
    action: 'updated',
    table: 'LiteLLM_VerificationToken',
    objectId: 'all',
    before: { spend_of_all: toUsd(await house.store.balanceOf(everything)), balances: moved },
    after: { spend: 0 },
  })
  return { message: 'Spend for all API Keys and Teams reset successfully', status: 'success' }
}
