import type { Exchange } from '../vocabulary/exchange.ts'

/** `unknown`: an answer that proves nothing, such as a refusal of the question itself. */
export type Verdict = 'healthy' | 'unhealthy' | 'unknown'

/** What was found out about a deployment at one moment. Never holds a provider's own words. */
export interface Finding {
  readonly id: string
  readonly deployment: string
  /** its model group */
  readonly group: string
  /** milliseconds since 1970 */
  readonly at: number
  /** traffic: a caller's request told it · probe: we asked */
  readonly by: 'traffic' | 'probe'
  readonly verdict: Verdict
  readonly ms?: number | undefined
  /** code and status of what went wrong: `provider-auth (401)` */
  readonly why?: string | undefined
}

/** What is known of the health of deployments, from what callers' requests came to and from probes where they are switched on. */
export interface Vitals {
  /** hears how an exchange ended */
  hear(exchange: Pick<Exchange, 'attempts' | 'endedAt' | 'error'>): void
  /** hears what a probe found */
  find(finding: Finding): void
  /** the latest of a deployment */
  of(deployment: string): Finding | undefined
  /** the latest of each */
  latest(): readonly Finding[]
  /** newest first: the changes, and at most one a minute of what stays as it is */
  history(group?: string): readonly Finding[]
}
