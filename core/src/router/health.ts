import type { GatewayError } from '../kernel/faults.ts'
import type { Deployment, RouterSettings } from './deployment.ts'

/** The recent life of one deployment. */
interface Life {
  inFlight: number
  coolingUntil: number
  latencies: Sample[]
  firstBytes: Sample[]
  minute: number
  successes: number
  failures: number
  /** failures within the current cooldown length, for `allowedFails` */
  recent: number[]
}

interface Sample {
  readonly at: number
  readonly value: number
}

/** Health per deployment, told per attempt. */
export interface Health {
  started(id: string): void
  answered(id: string, timing: { msPerToken?: number; firstByteMs?: number | undefined }): void
  failed(deployment: Deployment, error: GatewayError, siblings: number): void
  finished(id: string): void
  /** milliseconds until it is back in rotation; 0 when it is in */
  cooling(id: string): number
  inFlight(id: string): number
  latencies(id: string): readonly number[]
  firstByteLatencies(id: string): readonly number[]
}

/** LiteLLM's default rules: failures in a minute that count as a rate, and the rate that is too high. */
const minimumRequests = 5
const tooManyFailures = 0.5

export function createHealth(settings: RouterSettings, now: () => number): Health {
  const records = new Map<string, Life>()
  const windowMs = settings.strategyArgs?.windowMs ?? 3_600_000
  const windowSize = settings.strategyArgs?.windowSize ?? 10

  function of(id: string): Life {
    let record = records.get(id)
    if (!record) {
      record = {
        inFlight: 0,
        coolingUntil: 0,
        latencies: [],
        firstBytes: [],
        minute: 0,
        successes: 0,
        failures: 0,
        recent: [],
      }
      records.set(id, record)
    }
    const minute = Math.floor(now() / 60_000)
    if (record.minute !== minute) Object.assign(record, { minute, successes: 0, failures: 0 })
    return record
  }

  function sample(list: Sample[], value: number | undefined): void {
    if (value === undefined) return
    list.push({ at: now(), value })
    if (list.length > windowSize) list.shift()
  }

  const fresh = (list: readonly Sample[]): number[] =>
    list.filter(({ at }) => now() - at <= windowMs).map(({ value }) => value)

  return {
    started: (id) => void of(id).inFlight++,
    finished: (id) => void of(id).inFlight--,
    answered(id, { msPerToken, firstByteMs }) {
      const record = of(id)
      record.successes++
      sample(record.latencies, msPerToken)
      sample(record.firstBytes, firstByteMs)
    },
    failed(deployment, error, siblings) {
      const record = of(deployment.id)
      if (!error.fault.cools || settings.disableCooldowns) return
      if (error.code === 'provider-timeout') sample(record.latencies, 1_000_000)
      record.failures++
      const pause = deployment.cooldownMs ?? error.retryAfterMs ?? settings.cooldownMs
      record.recent = [...record.recent.filter((at) => now() - at < settings.cooldownMs), now()]
      // a wildcard stands for many models: one that fails says nothing of the others
      if (pause > 0 && !deployment.group.includes('*') && mustCool(record, error, siblings))
        record.coolingUntil = now() + pause
    },
    cooling: (id) => Math.max(0, (records.get(id)?.coolingUntil ?? 0) - now()),
    inFlight: (id) => records.get(id)?.inFlight ?? 0,
    latencies: (id) => fresh(records.get(id)?.latencies ?? []),
    firstByteLatencies: (id) => fresh(records.get(id)?.firstBytes ?? []),
  }

  function mustCool(record: Life, error: GatewayError, siblings: number): boolean {
    if (settings.allowedFails !== undefined) return record.recent.length > settings.allowedFails
    if (error.fault.retry === 'elsewhere' && !ratelike.has(error.code)) return true
    if (siblings === 0) return false
    if (ratelike.has(error.code)) return true
    const total = record.successes + record.failures
    return total >= minimumRequests && record.failures / total > tooManyFailures
  }
}

const ratelike: ReadonlySet<string> = new Set(['provider-limit', 'provider-quota'])
