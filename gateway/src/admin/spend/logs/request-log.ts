import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { readsAll } from '../../../access/rights.ts'
import type { LedgerRow } from '../../../store/ledger/row.ts'
import { managesOrganization, notFound, ownUserId, type Who } from '../../desk.ts'
import type { Desk } from '../../row.ts'
import { text } from '../../shapes.ts'
import { managesAll } from '../scope.ts'

export const requestLogQuery = z.object({ start_date: text.optional() })

/** `GET /spend/logs/ui/{request_id}`: what a request said and was answered, where that is kept. */
export async function requestLog(desk: Desk<undefined, z.infer<typeof requestLogQuery>>): Promise<JsonObject> {
  const { house, params } = desk
  const id = params.request_id ?? ''
  await house.ledger.flush()
  const [row] = await house.store.ledger.find({ id }, 1)
  // whose request it is, is told to nobody else
  if (!row || !(await seesRow(desk, row))) throw notFound(`There is no request ${id.slice(0, 200)}.`, 'request_id')
  const log = await house.store.requestLogs.find(row.id, row.startedAt)
  const request = bodyOf(log?.request)
  return {
    request_id: row.id,
    messages: messagesOf(request),
    response: bodyOf(log?.response),
    proxy_server_request: request,
  }
}

/** Whether a request is the caller’s to see: their own, or of a team or organisation that they manage. */
export async function seesRow(who: Who, { userId, teamId, organizationId }: LedgerRow): Promise<boolean> {
  const { caller } = who
  if (readsAll(caller)) return true
  if (userId !== undefined && userId === ownUserId(caller)) return true
  if (organizationId !== undefined && managesOrganization(caller, organizationId)) return true
  return teamId !== undefined && (await managesAll(who, [teamId]))
}

/** JSON where it is JSON, else the text; nothing is `{}`, as in LiteLLM's table. */
function bodyOf(kept: string | undefined): Json {
  if (kept === undefined) return {}
  try {
    return JSON.parse(kept) as Json
  } catch {
    return kept
  }
}

function messagesOf(request: Json): Json {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return {}
  const { messages, input, contents } = request as JsonObject
  return messages ?? input ?? contents ?? {}
}
