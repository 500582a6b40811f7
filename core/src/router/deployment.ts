import type { Target } from '../client/target.ts'
import type { NanoUsd } from '../kernel/money.ts'
import type { Price } from '../models/price.ts'
import type { AffinitySettings } from './placing/settings.ts'

/** One entry of a model group: a target with its share of the traffic and its price. */
export interface Deployment extends Target {
  /** stable over restarts while its settings stay the same */
  readonly id: string
  /** the model group it belongs to; may hold `*` */
  readonly group: string
  readonly weight?: number
  readonly rpm?: number
  readonly tpm?: number
  /** calls that it takes at once; further ones wait */
  readonly maxParallel?: number
  /** what it may cost, for good where it has no duration; held by the gateway */
  readonly budget?: { readonly limit: NanoUsd; readonly duration?: string }
  /** lower ones are tried first; higher ones only when those have failed */
  readonly order?: number
  /** milliseconds out of rotation after it failed */
  readonly cooldownMs?: number
  readonly retries?: number
  /** prices of its own, before the price book */
  readonly price?: Price
  /** the name to look up in the price book where the wire's name is not it (Azure deployments) */
  readonly pricedAs?: string
  readonly accessGroups?: readonly string[]
  /** for requests with one of these tags; `default` also for those without a known one */
  readonly tags?: readonly string[]
  /** where it runs, in its vendor's own name or plainly `eu`, `us` */
  readonly region?: string
  /** the only team whose requests it takes */
  readonly teamId?: string
  /** the same for all deployments with the same credential; does not tell it */
  readonly credential?: string
}

/** LiteLLM's kinds of failure, for policies. */
export type FailureKind = 'badRequest' | 'authentication' | 'timeout' | 'rateLimit' | 'contentPolicy' | 'internalServer'

export type FailurePolicy = Readonly<Partial<Record<FailureKind, number>>>

/** Settings of the router, as LiteLLM names them, in milliseconds. */
export interface RouterSettings {
  readonly strategy: string
  readonly strategyArgs?: {
    readonly lowestLatencyBuffer?: number
    readonly windowMs?: number
    readonly windowSize?: number
  }
  readonly retries: number
  /** back-off floor between two tries on the same deployment */
  readonly retryAfterMs: number
  readonly maxFallbacks: number
  /** failures a deployment may have within a cooldown's length; undefined: the default rules */
  readonly allowedFails?: number
  /** the same by kind of failure */
  readonly allowedFailsPolicy?: FailurePolicy
  readonly cooldownMs: number
  readonly disableCooldowns: boolean
  /** retries by kind of failure, before `retries` and whatever the caller asks for */
  readonly retryPolicy?: FailurePolicy
  readonly groupRetryPolicy?: Readonly<Record<string, FailurePolicy>>
  /** the share of the recent requests that may be retries, once there are enough of them to tell */
  readonly retryBudget: number
  /** whether a deployment whose context window the input exceeds by our estimate is passed over */
  readonly preCallChecks: boolean
  readonly tagFiltering: boolean
  /** whether one of the request's tags is enough */
  readonly tagMatchAny: boolean
  /** the group or deployment that answers to names that nobody bears */
  readonly defaultDeployment?: string
  readonly fallbacks: Readonly<Record<string, readonly string[]>>
  readonly contextWindowFallbacks: Readonly<Record<string, readonly string[]>>
  readonly contentPolicyFallbacks: Readonly<Record<string, readonly string[]>>
  readonly defaultFallbacks: readonly string[]
  readonly aliases: Readonly<Record<string, { readonly group: string; readonly hidden: boolean }>>
  readonly timeoutMs?: number
  readonly streamTimeoutMs?: number
  /** how conversations are kept on one deployment; undefined: those that have a name of their own */
  readonly affinity?: AffinitySettings
  /** calls at once for deployments that do not say */
  readonly maxParallel?: number
  /** milliseconds that a call may wait for a place, and its priority where it has none */
  readonly queueMs?: number
  readonly priority?: number
}

export const defaultSettings: RouterSettings = {
  strategy: 'simple-shuffle',
  retries: 2,
  retryAfterMs: 0,
  maxFallbacks: 5,
  cooldownMs: 5000,
  disableCooldowns: false,
  retryBudget: 0.2,
  preCallChecks: false,
  tagFiltering: false,
  tagMatchAny: true,
  fallbacks: {},
  contextWindowFallbacks: {},
  contentPolicyFallbacks: {},
  defaultFallbacks: [],
  aliases: {},
  timeoutMs: 6_000_000,
}
