import type { Deployment } from 'turnpike-core/internal/router/deployment'

/** Where a deployment is called, for people; without a query string, which may hold a secret of the operator's. */
export function apiBaseFor(deployment: Deployment): string | null {
  return (deployment.apiBase ?? deployment.provider.base ?? null)?.split('?')[0] ?? null
}
