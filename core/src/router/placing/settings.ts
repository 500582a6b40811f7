/** What a conversation is known by: a name that the caller gives, the way it begins, or its caller alone. */
export type AffinityKind = 'session' | 'prefix' | 'caller'

/** By what conversations are kept on one deployment, and for how long without a word. */
export interface AffinitySettings {
  readonly kinds: readonly AffinityKind[]
  /** groups that do it in another way */
  readonly groups: Readonly<Record<string, readonly AffinityKind[]>>
  readonly ttlMs: number
}

export const defaultAffinity: AffinitySettings = { kinds: ['session'], groups: {}, ttlMs: 300_000 }
