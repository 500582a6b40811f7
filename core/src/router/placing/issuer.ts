import type { Deployment } from '../deployment.ts'

/** Whether two deployments call the same place with the same credential: what one of them issued, the other can go on with. */
export function sameIssuer(a: Deployment, b: Deployment): boolean {
  if (a === b || a.id === b.id) return true
  return (
    a.provider.name === b.provider.name &&
    a.apiBase === b.apiBase &&
    a.secret?.reveal() === b.secret?.reveal() &&
    a.headers?.['openai-organization'] === b.headers?.['openai-organization']
  )
}

const counts = new WeakMap<readonly Deployment[], number>()

/** How many issuers there are among these deployments. */
export function issuersOf(deployments: readonly Deployment[]): number {
  let count = counts.get(deployments)
  if (count === undefined) {
    const firsts: Deployment[] = []
    for (const deployment of deployments)
      if (!firsts.some((first) => sameIssuer(first, deployment))) firsts.push(deployment)
    counts.set(deployments, (count = firsts.length))
  }
  return count
}
