import type { Deployment } from 'turnpike-core/internal/router/deployment'

/** Where a deployment is called, for people; without user name and query string, which may hold a secret of the operator's. */
export function apiBaseFor(deployment: Deployment): string | null {
  const given = deployment.apiBase ?? deployment.provider.base
  return given?.split(/[?#]/, 1)[0]?.replace(/\/\/[^/@]*@/, '//') ?? null
}
