import type { FaultCode } from '../../kernel/faults.ts'
import type { Deployment } from '../deployment.ts'
import type { Life } from './life.ts'

/** Deployments that fail together: those with the same credential, and those at the same place of the same provider. */
export interface Kinship {
  /** those that this failure of one of them is sure to be a failure of too, itself left out; mostly none */
  stricken(deployment: Deployment, code: FaultCode, at: number): readonly Deployment[]
}

/** Failures of a place: this many deployments within this time, with none of its deployments answering. */
const outageDeployments = 3
const outageMs = 10_000

/** A refusal is the model's and not the credential's when the credential was good for another so recently. */
const goodMs = 60_000

const outages: ReadonlySet<FaultCode> = new Set(['provider-unreachable', 'provider-failed', 'provider-overloaded'])

export function kinshipOf(deployments: readonly Deployment[], lifeOf: (id: string) => Life): Kinship {
  const groups = new Map<string, number>()
  const byCredential = new Map<string, Deployment[]>()
  const byPlace = new Map<string, Deployment[]>()
  const failedAt = new Map<string, Map<string, number>>()
  for (const deployment of deployments) groups.set(deployment.group, (groups.get(deployment.group) ?? 0) + 1)
  for (const deployment of deployments) {
    // a group of one stays reachable, and a wildcard stands for many models
    if (deployment.group.includes('*') || (groups.get(deployment.group) ?? 0) < 2) continue
    if (deployment.credential !== undefined) push(byCredential, deployment.credential, deployment)
    push(byPlace, placeOf(deployment), deployment)
  }

  function ofCredential(deployment: Deployment, code: FaultCode, at: number): readonly Deployment[] {
    const kin = others(byCredential.get(deployment.credential ?? ''), deployment)
    const good = code === 'provider-denied' && kin.some(({ id }) => at - lifeOf(id).answeredAt < goodMs)
    return good ? none : kin
  }

  function ofPlace(deployment: Deployment, at: number): readonly Deployment[] {
    const place = placeOf(deployment)
    const failed = failedAt.get(place) ?? new Map<string, number>()
    failedAt.set(place, failed.set(deployment.id, at))
    for (const [id, time] of failed) if (at - time > outageMs) failed.delete(id)
    if (failed.size < outageDeployments) return none
    const since = Math.min(...failed.values())
    const kin = byPlace.get(place) ?? none
    return kin.some(({ id }) => lifeOf(id).answeredAt >= since) ? none : others(kin, deployment)
  }

  return {
    stricken(deployment, code, at) {
      if (code === 'provider-auth' || code === 'provider-denied') return ofCredential(deployment, code, at)
      return outages.has(code) ? ofPlace(deployment, at) : none
    },
  }
}

const none: readonly Deployment[] = []

function others(kin: readonly Deployment[] | undefined, { id }: Deployment): readonly Deployment[] {
  return kin ? kin.filter((one) => one.id !== id) : none
}

function placeOf({ provider, apiBase, region }: Deployment): string {
  return `${provider.name} ${apiBase ?? ''} ${region ?? ''}`
}

function push(map: Map<string, Deployment[]>, key: string, deployment: Deployment): void {
  const list = map.get(key)
  if (list) list.push(deployment)
  else map.set(key, [deployment])
}
