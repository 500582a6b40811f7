import type { FaultCode } from 'turnpike-core/internal/kernel/faults'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import type { Cost } from 'turnpike-core/internal/models/cost'
import type { Attempt } from 'turnpike-core/internal/router/attempt'
import type { Usage } from 'turnpike-core/internal/vocabulary/usage'
import type { Warning } from 'turnpike-core/internal/vocabulary/warnings'
import type { Principal } from './principal.ts'

/**
 * How a request that was let in ended. `lost`: the process died on the way, and an estimate of the input is booked. `corrected`: no
 * request at all, but an administrator's correction of what was booked; its spend may be negative.
 */
export type Outcome = 'answered' | 'failed' | 'abandoned' | 'refused' | 'lost' | 'corrected'

/** The whole story of one request, told once when its last byte has left. Ledger, logs, metrics and callbacks all read this value. */
export interface Exchange {
  readonly id: string
  /** id of the endpoint row: `chat.completions` */
  readonly endpoint: string
  /** milliseconds since 1970 */
  readonly startedAt: number
  readonly firstByteAt?: number | undefined
  readonly endedAt: number
  readonly principal: Principal
  /** what the caller asked for, and the group and deployment that answered */
  readonly model: string
  readonly modelGroup?: string | undefined
  readonly deployment?:
    | {
        readonly id: string
        readonly provider: string
        readonly model: string
        readonly apiBase: string
      }
    | undefined
  readonly attempts: readonly Attempt[]
  readonly warnings: readonly Warning[]
  readonly usage?: Usage | undefined
  /** undefined: the price is unknown */
  readonly cost?: Cost | undefined
  readonly spend: NanoUsd
  readonly outcome: Outcome
  readonly status: number
  readonly error?: { readonly code: FaultCode; readonly message: string } | undefined
  readonly stream: boolean
  readonly tags: readonly string[]
  readonly endUser?: string | undefined
  /** who shares the cost: buckets with their share of one */
  readonly payers?: Readonly<Record<string, number>> | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  /** what was asked and answered, only where the operator wants it kept */
  readonly transcript?: { readonly request?: string; readonly response?: string } | undefined
}
