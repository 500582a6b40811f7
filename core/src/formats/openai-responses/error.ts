import type { FaultCode, GatewayError } from '../../kernel/faults.ts'
import type { Frame } from '../../kernel/framing.ts'

/** Words of `response.error.code` that callers act on: https://platform.openai.com/docs/api-reference/responses/object#responses-object-error */
const codes: { readonly [F in FaultCode]?: string } = {
  'context-overflow': 'context_length_exceeded',
  'content-policy': 'invalid_prompt',
  'provider-refused': 'invalid_prompt',
  'provider-limit': 'rate_limit_exceeded',
  'rate-limited': 'rate_limit_exceeded',
  'provider-quota': 'insufficient_quota',
  'provider-overloaded': 'server_is_overloaded',
}

/** A failure's code inside a response that had begun. */
export function failureCode(error: GatewayError): string {
  return codes[error.code] ?? error.detail.vendorCode ?? 'server_error'
}

/** The `error` event: https://platform.openai.com/docs/api-reference/responses-streaming/error */
export function errorFrame(error: GatewayError): Frame {
  const { message, detail } = error
  const event = { type: 'error', code: failureCode(error), message, param: detail.param ?? null, sequence_number: 0 }
  return { event: 'error', data: JSON.stringify(event) }
}
