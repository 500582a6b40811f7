import type { Call } from 'turnpike-core/internal/client/call'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Payer } from '../../admission/admission.ts'
import type { House } from '../../house.ts'
import type { Exchange } from '../../vocabulary/exchange.ts'
import type { Principal } from '../../vocabulary/principal.ts'
import type { Customer, Tag } from '../../vocabulary/tenants.ts'
import type { Knock } from '../route.ts'
import { callerNotes } from './caller-notes.ts'
import { payersOf } from './payers.ts'

/** Whom a call concerns beside its caller: the end user, tags, those who pay for it; and the caller's notes. */
export interface Parties extends Pick<Exchange, 'tags' | 'endUser' | 'metadata'> {
  /** the rows of those who have one */
  readonly customer?: Customer | undefined
  readonly tagRows: readonly Tag[]
  readonly payers?: readonly Payer[] | undefined
}

/** Looks up everybody whom a call names. Throws where one of them is blocked, or missing where the operator wants it named. */
export async function partiesOf(knock: Knock, call: Call, caller: Principal, house: House): Promise<Parties> {
  const rules = house.config.governance.access
  const named = callerNotes({ headers: knock.request.headers, call, principal: caller, rules })
  const endUser = named.endUser ?? (caller.kind === 'token' ? caller.endUserId : undefined)
  if (rules.requireUser && endUser === undefined)
    throw new GatewayError(
      'invalid-request',
      'BadRequest please pass param=user: general_settings.enforce_user_param asks every call for it.',
      {
        param: 'user',
      },
    )
  const found = endUser === undefined ? undefined : house.access.customer(endUser)
  const customer = found instanceof Promise ? await found : found
  if (customer?.blocked)
    throw new GatewayError(
      'blocked-key',
      `User=${customer.id} is blocked. Update via \`/customer/unblock\` if you're admin.`,
      {
        kind: 'auth_error',
      },
    )
  const payers = await payersOf(call, caller, house)
  return { ...named, endUser, customer, tagRows: await tagRows(named.tags, house), ...(payers && { payers }) }
}

const noRows: readonly Tag[] = []

async function tagRows(tags: readonly string[], house: House): Promise<readonly Tag[]> {
  if (tags.length === 0) return noRows
  const rows: Tag[] = []
  for (const tag of tags) {
    const found = house.access.tag(tag)
    const row: Tag | undefined = found instanceof Promise ? await found : found
    if (row !== undefined) rows.push(row)
  }
  return rows
}
