import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { readsAll } from '../../access/rights.ts'
import type { LedgerRow } from '../../store/ledger/row.ts'
import { notFound } from '../desk.ts'
import type { Desk } from '../row.ts'
import { viewRow } from '../spend/logs/log-view.ts'
import { seesRow } from '../spend/logs/request-log.ts'

/** `GET /exchange/{id}`: what a request came to, and why it went where it went. */
export async function exchange(desk: Desk<undefined, undefined>): Promise<JsonObject> {
  const { house, params } = desk
  const id = params.id ?? ''
  await house.ledger.flush()
  const [row] = await house.store.ledger.find({ id }, 1)
  // whose request it is, is told to nobody else
  if (!row || !(await seesRow(desk, row))) throw notFound(`There is no request ${id.slice(0, 200)}.`, 'id')
  return {
    request_id: row.id,
    row: viewRow(row) as unknown as Json,
    trace: traceOf(row, desk),
  }
}

/** Every deployment that was tried or passed over, in order, with what is known of it now. */
function traceOf({ attempts }: LedgerRow, { caller, house }: Desk<undefined, undefined>): readonly JsonObject[] {
  const { deployments } = house.router.pool
  return attempts.map((attempt, index) => {
    const found = deployments.find(({ id }) => id === attempt.deployment)
    return {
      step: index + 1,
      ...attempt,
      ...(found && { provider: found.provider.name, model: found.model }),
      ...(found?.apiBase !== undefined && readsAll(caller) && { api_base: found.apiBase.split(/[?#]/, 1)[0] ?? null }),
    }
  })
}
