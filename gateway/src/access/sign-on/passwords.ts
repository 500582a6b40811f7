import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { asString } from 'turnpike-core/internal/kernel/json'
import type { Store } from '../../store/store.ts'

/** The passwords of users who have one, as hashes. */
export interface PasswordBook {
  set(userId: string, password: string): Promise<void>
  remove(userId: string): Promise<void>
  /** Whether this is the user's password. Takes as long for somebody who has none. */
  matches(userId: string | undefined, password: string): Promise<boolean>
}

/** https://www.rfc-editor.org/rfc/rfc7914: 32 MiB and some 60 ms each */
const cost = { N: 1 << 15, r: 8, p: 1 }
const length = 32
/** Longer ones are refused, so that nobody has long texts hashed. */
const longestPassword = 512
/** Hashes that are computed at the same time: they take memory. */
const atOnce = 2

const nobody = formatOf(Buffer.alloc(16), Buffer.alloc(length))

/** Passwords beside the settings, under a name that is no setting's: a user's row is shown to administrators, and its hash never is. */
export function createPasswordBook(store: Pick<Store, 'settings'>, now: () => number): PasswordBook {
  const line = createLine(atOnce)
  const idOf = (userId: string) => `password:${userId}`

  return {
    async set(userId, password) {
      const salt = randomBytes(16)
      const value = {
        id: idOf(userId),
        value: { hash: formatOf(salt, await line(() => derive(password, salt, cost))) },
      }
      const at = now()
      const row = { value, extra: {}, createdAt: at, createdBy: userId, updatedAt: at, updatedBy: userId }
      const { taken } = await store.settings.insert(row)
      if (taken !== undefined) await store.settings.change(value.id, (old) => ({ ...old, value, updatedAt: at }))
    },
    async remove(userId) {
      await store.settings.remove([idOf(userId)])
    },
    async matches(userId, password) {
      const kept = userId === undefined ? undefined : (await store.settings.find(idOf(userId)))?.value.value.hash
      const parsed = parse(asString(kept) ?? nobody)
      if (!parsed || password.length > longestPassword) return false
      const found = await line(() => derive(password, parsed.salt, parsed.cost))
      return timingSafeEqual(found, parsed.hash) && kept !== undefined
    },
  }
}

function derive(password: string, salt: Buffer, { N, r, p }: typeof cost): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, length, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  )
}

function formatOf(salt: Buffer, hash: Buffer): string {
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join(':')
}

function parse(text: string): { cost: typeof cost; salt: Buffer; hash: Buffer } | undefined {
  const [kind, N, r, p, salt = '', hash = ''] = text.split(':')
  const bytes = Buffer.from(hash, 'base64url')
  if (kind !== 'scrypt' || bytes.length !== length) return undefined
  return { cost: { N: Number(N), r: Number(r), p: Number(p) }, salt: Buffer.from(salt, 'base64url'), hash: bytes }
}

/** Runs so many at once and lets the others wait in their order. */
function createLine(most: number): <T>(act: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (act) => {
    if (running >= most) await new Promise<void>((go) => waiting.push(go))
    else running++
    try {
      return await act()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
