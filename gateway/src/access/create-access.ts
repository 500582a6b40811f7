import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Principal, VirtualKey } from '../vocabulary/principal.ts'
import type { Access } from './access.ts'
import { hashMatcher, hashOf, lastFour, nameOf } from './secrets.ts'
import { createSnapshots, type Snapshot } from './snapshots.ts'

export interface AccessPorts {
  /** secrets that are the master; more than one while it is being rotated */
  readonly masterKeys: readonly string[]
  /** asks the store; throws when it cannot be asked */
  readonly findKey: (hash: string) => VirtualKey | undefined | Promise<VirtualKey | undefined>
  readonly now: () => number
}

/** Longer ones are refused unread; a key of ours has 25 characters. */
const longest = 1024
const shape = /^sk-[\x21-\x7e]+$/

const master: Principal = { kind: 'master' }

/** The door over a store of keys. A key seen within the last minute is answered without waiting. */
export function createAccess({ masterKeys, findKey, now }: AccessPorts): Access {
  const isMaster = hashMatcher(masterKeys.filter((key) => key !== ''))
  const snapshots = createSnapshots(now)
  const lookups = new Map<string, Promise<VirtualKey | undefined>>()

  /** Asks the store once for all who wait for the same key. What was asked before a `forget` is not kept. */
  async function lookUp(hash: string): Promise<Principal | undefined> {
    const running = lookups.get(hash)
    const lookup = running ?? Promise.resolve(findKey(hash))
    if (!running) lookups.set(hash, lookup)
    try {
      const key = await lookup
      const principal = key && ({ kind: 'key', key } as const)
      if (lookups.get(hash) === lookup) snapshots.put(hash, principal)
      return principal
    } finally {
      if (lookups.get(hash) === lookup) lookups.delete(hash)
    }
  }

  async function ask(hash: string, secret: string, stale: Snapshot | undefined): Promise<Principal> {
    const found = await lookUp(hash).catch((cause: unknown) => {
      // a store that is down takes nobody's access away who had it
      if (stale) return stale.principal
      throw storeDown(cause)
    })
    if (!found) throw unknownKey(secret, hash)
    return admitted(found, now())
  }

  return {
    identify(secret) {
      if (secret === undefined || secret === '')
        throw refused('missing-key', 'Authentication Error, No api key passed in.')
      if (secret.length > longest) throw notAVirtualKey(secret)
      const hash = hashOf(secret)
      if (isMaster(hash)) return master
      // also keeps a stored hash from being used as a key
      if (!shape.test(secret)) throw notAVirtualKey(secret)
      const snapshot = snapshots.get(hash)
      if (snapshot && snapshot.until > now()) return admitted(snapshot.principal, now())
      if (!snapshot && snapshots.unknown(hash)) throw unknownKey(secret, hash)
      return ask(hash, secret, snapshot)
    },
    forget(hash) {
      snapshots.drop(hash)
      lookups.delete(hash)
    },
  }
}

/** The principal, unless its key is blocked or has expired by now. */
function admitted(principal: Principal, now: number): Principal {
  if (principal.kind !== 'key') return principal
  const { key } = principal
  if (key.blocked)
    throw refused('blocked-key', "Authentication Error, Key is blocked. Update via `/key/unblock` if you're admin.")
  if (key.expiresAt !== undefined && key.expiresAt <= now) {
    const [expiry, current] = [key.expiresAt, now].map((time) => new Date(time).toISOString())
    throw new GatewayError(
      'expired-key',
      `Authentication Error - Expired Key. Key Expiry time ${expiry} and current time ${current}`,
      { kind: 'expired_key', param: key.name },
    )
  }
  return principal
}

function refused(code: 'missing-key' | 'blocked-key' | 'invalid-key', message: string): GatewayError {
  return new GatewayError(code, message, { kind: 'auth_error' })
}

function notAVirtualKey(secret: string): GatewayError {
  const received = secret.startsWith('sk-') ? nameOf(secret) : `...${lastFour(secret)}`
  return refused(
    'invalid-key',
    `Authentication Error, LiteLLM Virtual Key expected. Received=${received}, expected to start with 'sk-'.`,
  )
}

function unknownKey(secret: string, hash: string): GatewayError {
  return new GatewayError(
    'unknown-key',
    `Authentication Error, Invalid proxy server token passed. Received API Key = ${nameOf(secret)}, Key Hash (Token) =${hash}. Unable to find token in cache or \`LiteLLM_VerificationTokenTable\``,
    { kind: 'token_not_found_in_db', param: 'key' },
  )
}

function storeDown(cause: unknown): GatewayError {
  return new GatewayError(
    'store-down',
    'The store of virtual keys cannot be asked right now, and this key was not seen lately. Try again in a moment.',
    { kind: 'no_db_connection', retryAfterMs: 1000, cause },
  )
}
