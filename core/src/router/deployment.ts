import type { Target } from '../client/target.ts'
import type { NanoUsd } from '../kernel/money.ts'
import type { Price } from '../models/price.ts'
import type { AffinitySettings } from './placing/affinity.ts'

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
}

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
  readonly cooldownMs: number
  readonly disableCooldowns: boolean
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
  fallbacks: {},
  contextWindowFallbacks: {},
  contentPolicyFallbacks: {},
  defaultFallbacks: [],
  aliases: {},
  timeoutMs: 6_000_000,
}
