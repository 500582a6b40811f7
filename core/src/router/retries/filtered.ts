import { responseOf } from '../../client/answer.ts'
import type { Call } from '../../client/call.ts'
import type { Reply } from '../../client/send.ts'
import { GatewayError } from '../../kernel/faults.ts'

/** Throws `content-policy` for a whole answer that the provider's filter has cut or replaced. */
export function refuseFiltered(call: Call, reply: Reply): void {
  if (reply.kind !== 'whole') return
  const filtered = responseOf(call, reply).choices.some(
    ({ finish }) => finish.reason === 'content-filter' || finish.reason === 'refusal',
  )
  if (filtered)
    throw new GatewayError('content-policy', 'The provider answered, and its content filter ended the answer.')
}
