/** Tells every replica what was changed over the API, this one at once. */
export interface News {
  /** a virtual key: the next request that presents it sees the change */
  key(hash: string): void
  /** a user, team, organisation, customer, tag or budget */
  tenants(): void
  /** models or credentials; resolves when this replica has them */
  models(): Promise<void>
  settings(): void
}

/** The topic under which replicas tell each other which deployments they took out of rotation. */
export const cooledTopic = 'cooled'

/** What happened, as it travels between replicas. */
export type Piece =
  | { readonly what: 'key'; readonly hash: string }
  | { readonly what: 'tenants' | 'models' | 'settings' }

/** The topic that pieces of news travel under. */
export const newsTopic = 'changed'

export function pieceOf(message: string): Piece | undefined {
  try {
    const piece = JSON.parse(message) as Piece
    return typeof piece === 'object' && piece !== null && typeof piece.what === 'string' ? piece : undefined
  } catch {
    return undefined
  }
}
