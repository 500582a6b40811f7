import type { Environment } from '../credentials/index.ts'
import type { Secret } from '../credentials/secret.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { ModelProfile } from '../models/profile.ts'
import type { Provider } from '../providers/provider.ts'
import type { OwnSettings } from './settings.ts'

/** Milliseconds until a call is given up, each on a timer of its own; absent means no limit. */
export interface Deadlines {
  /** from sending until the head of the answer: no runtime's fetch tells when it has connected, so this is the first sign of a peer */
  readonly connectMs?: number | undefined
  /** from sending until the answer is complete */
  readonly totalMs?: number | undefined
  /** from sending until the first content, for streams */
  readonly firstByteMs?: number | undefined
  /** between two blocks of a stream */
  readonly idleMs?: number | undefined
}

/** One model at one place with one credential: all that is needed to call it. */
export interface Target {
  readonly provider: Provider
  /** the model's name on the wire (Azure: the deployment's name) */
  readonly model: string
  readonly profile: ModelProfile
  /** variables that the provider's row may name; never printed */
  readonly environment: Environment
  readonly secret?: Secret
  /** root URL instead of the provider's own, as the vendor documents it */
  readonly apiBase?: string
  readonly apiVersion?: string
  /** what fills the placeholders of the provider's URL (`region`, `account`, …) */
  readonly placeholders?: Readonly<Record<string, string>>
  /** set on each call over the provider's own */
  readonly headers?: Readonly<Record<string, string>>
  /** request fields, in the vendor's own names, used where the caller says nothing */
  readonly defaults?: JsonObject
  /** request fields set whatever the caller says */
  readonly extraBody?: JsonObject
  /** leave out what the model's profile says it refuses, instead of letting the provider refuse it */
  readonly dropParams?: boolean
  /** further top-level fields that are always left out */
  readonly dropFields?: readonly string[]
  readonly deadlines?: Deadlines
  /** what a caller's leaving does upstream, before what the provider's row says */
  readonly onClientAbort?: 'cancel' | 'drain'
  /** answer with this text without calling anybody */
  readonly mock?: string
  /** how it is called, beyond what LiteLLM's entries say */
  readonly settings?: OwnSettings
}
