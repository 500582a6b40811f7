import type { Deployment } from 'turnpike-core/internal/router/deployment'
import type { HealthRules } from '../config/governance.ts'
import type { Shared } from '../shared/shared.ts'
import { type ProbePorts, probe } from './probe.ts'
import type { Finding, Vitals } from './vitals.ts'

export interface ProberPorts extends ProbePorts {
  readonly vitals: Vitals
  readonly shared: Pick<Shared, 'take' | 'publish' | 'subscribe'>
  readonly rules: () => HealthRules
  /** those that may be asked */
  readonly deployments: () => readonly Deployment[]
}

/** Asks deployments for signs of life. */
export interface Prober {
  /** asks these now, each at most once in an interval, whichever replica asked; what is found is in the vitals */
  ask(deployments: readonly Deployment[]): Promise<void>
  /** begins to ask by itself, as long as the configuration wants it */
  start(): void
  stop(): void
}

/** The topic that findings travel under between replicas. */
export const healthTopic = 'health'
const atOnce = 8
/** How often it is looked who is due: well within the interval. */
const lookMs = 5000

export function createProber(ports: ProberPorts): Prober {
  const { vitals, shared, rules, now } = ports
  let timer: ReturnType<typeof setInterval> | undefined
  let running = false
  const asked = new Map<string, number>()
  const unhear = shared.subscribe(healthTopic, (message) => {
    const finding = findingIn(message)
    if (finding) vitals.find(finding)
  })

  async function askOne(deployment: Deployment): Promise<void> {
    asked.set(deployment.id, now())
    const bucket = `health-check:${deployment.id}`
    const claim = { kind: 'window', bucket, amount: 1, limit: 1, windowMs: rules().intervalMs } as const
    if (!(await shared.take([claim])).granted) return
    const finding = await probe(deployment, ports)
    vitals.find(finding)
    shared.publish(healthTopic, JSON.stringify(finding))
  }

  async function ask(deployments: readonly Deployment[]): Promise<void> {
    const left = [...deployments]
    const lanes = Array.from({ length: Math.min(atOnce, left.length) }, async () => {
      for (let next = left.shift(); next; next = left.shift()) await askOne(next)
    })
    await Promise.all(lanes)
  }

  /** Who was not asked within the interval, and of whom no caller's request told anything. */
  function due(): readonly Deployment[] {
    const since = now() - rules().intervalMs
    return ports
      .deployments()
      .filter(({ id }) => (vitals.of(id)?.at ?? 0) <= since && (asked.get(id) ?? Number.NEGATIVE_INFINITY) <= since)
  }

  async function look(): Promise<void> {
    if (running || !rules().background) return
    running = true
    await ask(due())
      .catch(() => {})
      .finally(() => (running = false))
  }

  return {
    ask,
    start() {
      void look()
      timer ??= setInterval(() => void look(), lookMs)
      timer.unref?.()
    },
    stop() {
      clearInterval(timer)
      unhear()
    },
  }
}

function findingIn(message: string): Finding | undefined {
  try {
    const finding = JSON.parse(message) as Finding
    return typeof finding?.deployment === 'string' && typeof finding.id === 'string' ? finding : undefined
  } catch {
    return undefined
  }
}
