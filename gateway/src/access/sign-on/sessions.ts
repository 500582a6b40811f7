import { randomBytes } from 'node:crypto'
import type { Store } from '../../store/store.ts'
import type { Token } from '../../vocabulary/principal.ts'
import { hashOf } from '../secrets.ts'
import type { Standings } from '../standing.ts'
import type { Changed } from './people/directory.ts'

export interface SessionPorts {
  readonly store: Pick<Store, 'sessions'>
  readonly standings: Pick<Standings, 'ofUser'>
  readonly now: () => number
  /** how long a session is good */
  readonly lengthMs: number
  /** user id that is an administrator whatever its row says */
  readonly adminUserId: string | undefined
  readonly changed?: (what: Changed) => void
}

/** Sessions of people. Only the hash of a session's secret is kept. */
export interface Sessions {
  open(userId: string): Promise<{ readonly secret: string; readonly expiresAt: number }>
  /** Who holds this secret; undefined: nobody, not any more, or somebody who was blocked or removed. */
  find(secret: string): Promise<(Token & { readonly expiresAt: number }) | undefined>
  close(secret: string): Promise<void>
}

const shape = /^[\w-]{43}$/
/** Sessions that are over and are removed whenever one is opened. */
const swept = 50

export function createSessions({ store, standings, now, lengthMs, adminUserId, changed }: SessionPorts): Sessions {
  async function remove(ids: readonly string[]): Promise<void> {
    const gone = await store.sessions.remove(ids)
    for (const { value } of gone) changed?.({ kind: 'session', id: value.id })
  }

  async function sweep(): Promise<void> {
    const oldest = await store.sessions.list({ orderBy: 'expiresAt', limit: swept })
    const over = oldest.filter(({ value }) => value.expiresAt <= now())
    if (over.length > 0) await store.sessions.remove(over.map(({ value }) => value.id))
  }

  return {
    async open(userId) {
      const secret = randomBytes(32).toString('base64url')
      const at = now()
      const value = { id: hashOf(secret), userId, expiresAt: at + lengthMs }
      await sweep()
      await store.sessions.insert({
        value,
        extra: {},
        createdAt: at,
        createdBy: userId,
        updatedAt: at,
        updatedBy: userId,
      })
      return { secret, expiresAt: value.expiresAt }
    },
    async find(secret) {
      if (!shape.test(secret)) return undefined
      const session = (await store.sessions.find(hashOf(secret)))?.value
      if (!session || session.expiresAt <= now()) return undefined
      const standing = await standings.ofUser(session.userId)
      if (!standing.user || standing.user.blocked) return undefined
      const role = standing.user.id === adminUserId ? 'proxy_admin' : standing.role
      return { kind: 'token', via: 'session', subject: session.userId, ...standing, role, expiresAt: session.expiresAt }
    },
    close: (secret) => remove([hashOf(secret)]),
  }
}
