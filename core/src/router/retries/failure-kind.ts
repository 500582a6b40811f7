import type { FaultCode } from '../../kernel/faults.ts'
import type { FailureKind } from '../deployment.ts'

/** Our failures by LiteLLM's kinds (https://docs.litellm.ai/docs/routing, retry policies); those of no kind are in no policy. */
const kinds: { readonly [C in FaultCode]?: FailureKind } = {
  'provider-refused': 'badRequest',
  'context-overflow': 'badRequest',
  unsupported: 'badRequest',
  'provider-auth': 'authentication',
  'provider-denied': 'authentication',
  'provider-timeout': 'timeout',
  'provider-limit': 'rateLimit',
  'provider-quota': 'rateLimit',
  'content-policy': 'contentPolicy',
  'provider-failed': 'internalServer',
  'provider-overloaded': 'internalServer',
  'provider-unreachable': 'internalServer',
  'provider-garbled': 'internalServer',
}

/** The kind of a failure, as policies know it. */
export function failureKind(code: FaultCode): FailureKind | undefined {
  return kinds[code]
}
