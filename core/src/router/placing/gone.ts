import type { Call } from '../../client/call.ts'
import { type FaultDetail, GatewayError } from '../../kernel/faults.ts'
import { asString } from '../../kernel/json.ts'
import type { Group } from '../pool.ts'
import { issuersOf } from './issuer.ts'

/** The stored response that a call goes on from. */
export function continuedBy(call: Call): string | undefined {
  if (!call.envelope.members.has('previous_response_id')) return undefined
  return asString(call.field('previous_response_id'))
}

/** 409: what the call continues lies with a deployment that cannot be asked. */
export function gone(call: Call, why: string, detail: FaultDetail = {}): GatewayError {
  const what =
    continuedBy(call) === undefined ? 'the encrypted reasoning in it' : 'the response in `previous_response_id`'
  return new GatewayError(
    'continuation-gone',
    `The call cannot be continued: whoever made ${what} ${why}. Send the whole conversation without it.`,
    { param: continuedBy(call) === undefined ? 'input' : 'previous_response_id', ...detail },
  )
}

/** OpenAI's words for what only its issuer can read (https://developers.openai.com/api/docs/guides/conversation-state). */
const foreign: ReadonlySet<string> = new Set(['previous_response_not_found', 'invalid_encrypted_content'])

/** A provider's refusal of what another credential issued, as what it is: somebody else in the group may be able to go on. */
export function continuationFault(call: Call, group: Group, error: GatewayError): GatewayError {
  const { vendorCode, provider, model } = error.detail
  if (vendorCode === undefined || !foreign.has(vendorCode) || issuersOf(group.deployments) < 2) return error
  return gone(call, 'is not the deployment that was asked, and nobody here knows who it is', {
    vendorCode,
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
  })
}
