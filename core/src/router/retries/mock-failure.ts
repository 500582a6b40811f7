import { type FaultCode, GatewayError } from '../../kernel/faults.ts'

/** Failures that an administrator may ask for, to see what the fallbacks do: LiteLLM's `mock_testing_…` without the prefix. */
export type MockFailure = 'fallbacks' | 'context_fallbacks' | 'content_policy_fallbacks' | 'rate_limit_error'

const codes: { readonly [F in MockFailure]: FaultCode } = {
  fallbacks: 'provider-failed',
  context_fallbacks: 'context-overflow',
  content_policy_fallbacks: 'content-policy',
  rate_limit_error: 'provider-limit',
}

/** The failure of the first group, which is not asked. */
export function mockFailure(kind: MockFailure, group: string): GatewayError {
  return new GatewayError(codes[kind], `This is a mock failure for model group ${group} (mock_testing_${kind}).`, {
    model: group,
  })
}
