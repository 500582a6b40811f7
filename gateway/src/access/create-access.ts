import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Principal, Standing, Token } from '../vocabulary/principal.ts'
import type { Customer, Tag, Team, User } from '../vocabulary/tenants.ts'
import type { Access, Credential } from './access.ts'
import { createLookup } from './lookup.ts'
import { hashMatcher, hashOf, lastFour, nameOf } from './secrets.ts'
import type { KeyPrincipal } from './standing.ts'

/** Reads one thing from the store; throws when it cannot be asked. */
type Find<T> = (id: string) => Promise<T | undefined>

export interface AccessPorts {
  /** secrets that are the master; more than one while it is being rotated */
  readonly masterKeys: readonly string[]
  readonly findKey: Find<KeyPrincipal>
  readonly findStanding?: Find<Standing>
  readonly findCustomer?: Find<Customer>
  readonly findTag?: Find<Tag>
  readonly findUser?: Find<User>
  readonly findTeam?: Find<Team>
  /** knows tokens of an identity provider, where there is one */
  readonly tokens?: {
    looksLikeToken(secret: string): boolean
    identify(token: string, headers: Headers): Promise<Token>
    inGrantingTeam(token: Token, headers: Headers, grants: (team: Team) => boolean): Promise<Token>
  }
  /** knows sessions by their secret */
  readonly findSession?: Find<Token>
  readonly now: () => number
  /** milliseconds that what the store said is good for without asking again */
  readonly freshMs?: number
}

/** Longer ones are refused unread; a key of ours has 25 characters, a token some thousand. */
const longestKey = 1024
const longestToken = 32_768
const shape = /^sk-[\x21-\x7e]+$/

const master: Principal = { kind: 'master' }
const nothing = async () => undefined

/** The door over a store. Whoever was seen lately is answered without waiting. */
export function createAccess(ports: AccessPorts): Access {
  const { now, tokens, findSession } = ports
  const isMaster = hashMatcher(ports.masterKeys.filter((key) => key !== ''))
  const lookup = <T>(load: Find<T> | undefined, keepAbsent = false) =>
    createLookup<T>({
      load: load ?? nothing,
      now,
      keepAbsent,
      ...(ports.freshMs !== undefined && { freshMs: ports.freshMs, refreshMs: ports.freshMs / 2 }),
    })
  const keys = lookup(ports.findKey)
  const customers = lookup(ports.findCustomer, true)
  const tags = lookup(ports.findTag, true)
  const users = lookup(ports.findUser)
  const teams = lookup(ports.findTeam)
  const standings = lookup(ports.findStanding)

  function byKey(secret: string): Principal | Promise<Principal> {
    if (secret.length > longestKey) throw notAVirtualKey(secret)
    const hash = hashOf(secret)
    if (isMaster(hash)) return master
    // also keeps a stored hash from being used as a key
    if (!shape.test(secret)) throw notAVirtualKey(secret)
    const admit = (found: KeyPrincipal | undefined): Principal => {
      if (!found) throw unknownKey(secret, hash)
      return admitted(found, now())
    }
    const found = keys.get(hash)
    return found instanceof Promise ? found.then(admit) : admit(found)
  }

  async function bySession(secret: string): Promise<Principal> {
    // asked for each time: whoever logged out is out
    const found = await findSession?.(secret)
    if (!found) throw refused('invalid-key', 'Authentication Error, the session has ended. Sign in again.')
    return admitted(found, now())
  }

  return {
    identify({ secret, session, headers }: Credential) {
      if (secret === undefined || secret === '') {
        if (session !== undefined && findSession) return bySession(session)
        throw refused('missing-key', 'Authentication Error, No api key passed in.')
      }
      if (tokens && secret.length <= longestToken && tokens.looksLikeToken(secret))
        return tokens.identify(secret, headers).then((token) => admitted(token, now()))
      return byKey(secret)
    },
    actFor: (principal, headers, grants) =>
      tokens && principal.kind === 'token' && principal.via === 'jwt'
        ? tokens.inGrantingTeam(principal, headers, grants)
        : principal,
    customer: (id) => customers.get(id),
    tag: (name) => tags.get(name),
    user: (id) => users.get(id),
    team: (id) => teams.get(id),
    standing: (userId) => standings.get(userId),
    forgetKey: (hash) => keys.forget(hash),
    forgetTenants() {
      for (const each of [keys, customers, tags, users, teams, standings]) each.forgetAll()
    },
  }
}

/** The principal, unless its key is blocked or has expired by now, or its user or team is blocked. */
function admitted(principal: KeyPrincipal | Token, now: number): Principal {
  if (principal.kind === 'key') {
    const { key } = principal
    if (key.blocked)
      throw refused('blocked-key', "Authentication Error, Key is blocked. Update via `/key/unblock` if you're admin.")
    if (key.expiresAt !== undefined && key.expiresAt <= now) throw expired(key.expiresAt, now, key.name)
  }
  const { team, user } = principal
  if (team?.blocked)
    throw refused(
      'blocked-key',
      `Authentication Error, Team=${team.id} is blocked. Update via \`/team/unblock\` if your admin.`,
    )
  if (user?.blocked) throw refused('blocked-key', `Authentication Error, User=${user.id} is blocked.`)
  return principal
}

function expired(expiresAt: number, now: number, name: string): GatewayError {
  const [expiry, current] = [expiresAt, now].map((time) => new Date(time).toISOString())
  return new GatewayError(
    'expired-key',
    `Authentication Error - Expired Key. Key Expiry time ${expiry} and current time ${current}`,
    { kind: 'expired_key', param: name },
  )
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
