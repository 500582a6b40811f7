import type { FailurePolicy, RouterSettings } from 'turnpike-core/internal/router/deployment'
import type { Section } from '../section.ts'

/** LiteLLM's kinds of failure; a policy's fields are these with `Retries` or `AllowedFails` behind them. */
const kinds = {
  BadRequestError: 'badRequest',
  AuthenticationError: 'authentication',
  TimeoutError: 'timeout',
  RateLimitError: 'rateLimit',
  ContentPolicyViolationError: 'contentPolicy',
  InternalServerError: 'internalServer',
} as const satisfies Record<string, keyof FailurePolicy>

/** How often a kind of failure is tried again, or may happen before a deployment is out of rotation. */
export function readPolicy(
  section: Section | undefined,
  suffix: 'Retries' | 'AllowedFails',
): FailurePolicy | undefined {
  if (!section) return undefined
  section.only(Object.keys(kinds).map((name) => name + suffix))
  const named = Object.entries(kinds).map(([name, kind]) => [kind, section.whole(name + suffix)] as const)
  return Object.fromEntries(named.filter(([, count]) => count !== undefined))
}

/** The same by model group. */
export function readGroupPolicies(section: Section | undefined): RouterSettings['groupRetryPolicy'] {
  if (!section) return undefined
  return Object.fromEntries(section.keys.map((group) => [group, readPolicy(section.inner(group), 'Retries') ?? {}]))
}
