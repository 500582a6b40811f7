import type { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { faults } from 'turnpike-core/internal/kernel/faults'
import type { Finding, Vitals } from './vitals.ts'

/** Findings that are kept of each model group, and things of a kind that are kept at all. */
const mostOfGroup = 100
const mostKept = 10_000
const minuteMs = 60_000
/** What flaps is told no more often than that. */
const leastMs = 1000

/** What is known of deployments, in this process's memory. `tell` hears what is new of traffic, for the other replicas. */
export function createVitals(tell: (finding: Finding) => void = () => {}): Vitals {
  const latest = new Map<string, Finding>()
  const rings = new Map<string, Finding[]>()

  /** Whether it is news. */
  function keep(finding: Finding): boolean {
    const before = latest.get(finding.deployment)
    put(latest, finding.deployment, finding)
    // under traffic every request finds something: only what changes, or a minute has passed since, is history
    const ring = rings.get(finding.group) ?? put(rings, finding.group, [])
    const last = ring.findLast((one) => one.deployment === finding.deployment)
    const same = before?.verdict === finding.verdict && last !== undefined && finding.at - last.at < minuteMs
    if (same && finding.by === 'traffic') return false
    ring.push(finding)
    if (ring.length > mostOfGroup) ring.shift()
    return last === undefined || finding.at - last.at >= leastMs
  }

  function note(finding: Finding): void {
    if (keep(finding)) tell(finding)
  }

  return {
    find(finding) {
      const known = latest.get(finding.deployment)
      if (known?.id !== finding.id && (known?.at ?? 0) <= finding.at) keep(finding)
    },
    hear({ attempts, endedAt, error }) {
      for (const [index, attempt] of attempts.entries()) {
        if (attempt.kind === 'skipped') continue
        const { deployment, group, ms } = attempt
        const found = { id: crypto.randomUUID(), deployment, group, at: endedAt, by: 'traffic', ms } as const
        const cut = attempt.kind === 'answered' && index === attempts.length - 1 ? error : undefined
        if (attempt.kind === 'failed') {
          // what is the caller's fault says nothing of the deployment
          if (attempt.error.fault.blame === 'provider')
            note({ ...found, verdict: 'unhealthy', why: whyOf(attempt.error) })
        } else if (cut && faults[cut.code].blame === 'provider')
          note({ ...found, verdict: 'unhealthy', why: `${cut.code} (within the answer)` })
        else note({ ...found, verdict: 'healthy' })
      }
    },
    of: (deployment) => latest.get(deployment),
    latest: () => [...latest.values()],
    history(group) {
      const found = group === undefined ? [...rings.values()].flat() : (rings.get(group) ?? [])
      return [...found].sort((a, b) => b.at - a.at)
    },
  }
}

/** A failure in our own words: a provider's may hold anything. */
export function whyOf({ code, status }: GatewayError): string {
  return `${code} (${status})`
}

/** A map yields its oldest entry first: that one goes when there are too many. */
function put<V>(map: Map<string, V>, key: string, value: V): V {
  map.delete(key)
  map.set(key, value)
  if (map.size > mostKept) for (const oldest of map.keys()) if (map.delete(oldest)) break
  return value
}
