import type { CredentialKind } from '../credentials/kind.ts'
import type { MutableJsonObject } from '../kernel/json.ts'
import type { ModelProfile } from '../models/profile.ts'
import type { FormatId } from '../vocabulary/format-id.ts'

export type { CredentialKind } from '../credentials/kind.ts'

/** A departure of a provider from the format it speaks. `why` is for the reader of the row and of the warning. */
export type Quirk = { readonly why: string } /** fields may be paths: `tools[*].function.strict` */ & (
  | { readonly kind: 'drop'; readonly fields: readonly string[] }
  /** fields whose loss would change what is asked: a call that has one fails as `unsupported` instead of losing it */
  | { readonly kind: 'refuse'; readonly fields: readonly string[] }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'default'; readonly field: string; readonly value: string | number | boolean }
  | { readonly kind: 'clamp'; readonly field: string; readonly min?: number; readonly max?: number }
  /** `touches` names the top-level fields it looks at: a body without any of them stays as it came */
  | {
      readonly kind: 'rewrite'
      readonly touches: readonly string[]
      readonly body: (body: MutableJsonObject) => MutableJsonObject
      /** same: nothing is lost, so nothing is said · emulated: asked for by other means; absent: what changed is warned of */
      readonly effect?: 'same' | 'emulated'
    }
)

/** Where a provider is and how it is spoken to: one row of the catalog. */
export interface Provider {
  /** the prefix in `prefix/model` */
  readonly name: string
  /** the vendor's name as it writes it */
  readonly title: string
  /** the vendor's API reference, source of the row */
  readonly docs: string
  /** root URL up to and with the version segment; `{placeholder}`s are filled from the deployment or the environment; undefined when the caller must give one */
  readonly base?: string
  /** environment variables with the key, first set wins */
  readonly keyEnv: readonly string[]
  /** environment variables with another root URL */
  readonly baseEnv?: readonly string[]
  readonly credential: CredentialKind
  /** further hosts of the vendor's own, where its key may go; `*` stands for one label */
  readonly hosts?: readonly string[]
  /** used when no key is configured (local servers that ignore it) */
  readonly defaultKey?: string
  /** further headers of each call; `$NAME|default` takes the environment's value */
  readonly headers?: Readonly<Record<string, string>>
  /** further headers of calls in one format only */
  readonly formatHeaders?: { readonly [F in FormatId]?: Readonly<Record<string, string>> }
  /** formats it answers chat in, preferred first; the caller's own format wins when it is among them */
  readonly chat: readonly FormatId[]
  /** models that take only some of these formats, first match wins; `*` stands for anything */
  readonly only?: readonly { readonly models: readonly string[]; readonly chat: readonly FormatId[] }[]
  /** model names that are its without the prefix; `*` stands for anything */
  readonly plain?: readonly string[]
  /** root URL per format where a vendor serves them under different ones */
  readonly bases?: { readonly [F in FormatId]?: string }
  readonly credentials?: { readonly [F in FormatId]?: CredentialKind }
  /** prepended to the model's name on the wire unless it is there already */
  readonly modelPrefix?: string
  /** for bodies of the first format of `chat` */
  readonly quirks?: readonly Quirk[]
  /** builds the URL where root + path is not enough (Azure deployments) */
  readonly url?: (place: { base: string; path: string; model: string; apiVersion?: string; format: FormatId }) => string
  /** what all its models share, under what is known of the single model */
  readonly profile?: Partial<ModelProfile>
  /** what a client abort does upstream: cancel closes the call, drain reads it to its end because the vendor bills it anyway */
  readonly onClientAbort?: 'cancel' | 'drain'
}
