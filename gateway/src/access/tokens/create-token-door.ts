import type { Fetch } from 'turnpike-core/internal/client/send'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { JwtRules, RolePermission } from '../../config/governance.ts'
import type { Token } from '../../vocabulary/principal.ts'
import type { Team } from '../../vocabulary/tenants.ts'
import { hashOf } from '../secrets.ts'
import type { Directory } from '../sign-on/people/directory.ts'
import type { Standings } from '../standing.ts'
import { readAssertion } from './assertion.ts'
import { fetchJson } from './fetch-json.ts'
import { createKeySet, unavailable } from './key-set.ts'
import { type PlaceRules, placeToken } from './place.ts'
import { createShelf } from './shelf.ts'
import { refusedToken, verify } from './verify.ts'

export interface TokenDoorPorts {
  readonly settings: JwtRules
  readonly rolePermissions?: readonly RolePermission[]
  readonly directory: Directory
  readonly standings: Pick<Standings, 'ofUser'>
  readonly fetch: Fetch
  readonly now: () => number
  /** every canonical path that an entry of a list of routes names; without it lists are compared by their words */
  readonly pathsUnder?: (entry: string) => readonly string[]
}

/** The door for tokens that an identity provider signed. */
export interface TokenDoor {
  /** whether a secret is to be tried here rather than as a key */
  looksLikeToken(secret: string): boolean
  /** Who presents the token. Throws `invalid-key`, `expired-key`, `blocked-key`, `route-denied`, or `store-down` when nobody can tell. */
  identify(token: string, headers: Headers): Promise<Token>
  /** The same caller in the first team of the token that grants what is asked for; as it was where none does, or the caller chose one. */
  inGrantingTeam(token: Token, headers: Headers, grants: (team: Team) => boolean): Promise<Token>
  /** Drops what was looked up of users and teams, after some of them changed. */
  forget(): void
}

const longest = 16_384
/** How long a token is not verified again. */
const verifiedMs = 300_000
/** How long what was looked up for a token holds where nobody says that it changed. */
const placedMs = 30_000
const mostRemembered = 10_000
const shape = /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/

export function createTokenDoor(ports: TokenDoorPorts): TokenDoor {
  const { settings, directory, standings, now } = ports
  const { keyUrls, issuers, audiences, keysTtlMs, userinfo } = settings
  const keys = createKeySet({ keyUrls, issuers, ttlMs: keysTtlMs, fetch: ports.fetch, now })
  const signed = keyUrls.length > 0 || issuers.length > 0
  const verified = createShelf<JsonObject>(mostRemembered, now)
  const placed = createShelf<Token>(mostRemembered, now)
  const rules: PlaceRules = {
    jwt: settings,
    rolePermissions: ports.rolePermissions ?? [],
    directory,
    standings,
    pathsUnder: ports.pathsUnder ?? ((entry) => [entry]),
  }

  /** Claims that the signature vouches for, the userinfo endpoint, or both where both are configured. */
  async function claimsOf(token: string): Promise<JsonObject> {
    const own = signed ? await verify(token, { audiences, issuers, keys, now }) : undefined
    if (userinfo === undefined) {
      if (own === undefined)
        throw refusedToken('no identity provider is configured: set JWT_PUBLIC_KEY_URL or JWT_ISSUER.')
      return own
    }
    const told = await fetchJson(ports, userinfo.url, { authorization: `Bearer ${token}` }).catch((cause: unknown) => {
      throw unavailable(cause)
    })
    if (!told.ok)
      throw told.status === 401 || told.status === 403
        ? refusedToken('its provider does not accept it.')
        : unavailable()
    if (own && told.body.sub !== own.sub) throw refusedToken('its provider says that it is somebody else’s.')
    return { ...told.body, ...own }
  }

  async function remembered(token: string, hash: string): Promise<{ claims: JsonObject; first: boolean }> {
    const known = verified.get(hash)
    if (known) return { claims: known, first: false }
    const claims = await claimsOf(token)
    const ends = typeof claims.exp === 'number' ? claims.exp * 1000 : Number.POSITIVE_INFINITY
    verified.put(hash, claims, Math.min(ends, now() + Math.min(verifiedMs, userinfo?.cacheMs ?? verifiedMs)))
    return { claims, first: true }
  }

  return {
    looksLikeToken: (secret) => shape.test(secret),
    async identify(token, headers) {
      if (token.length > longest || !shape.test(token)) throw refusedToken('it is no JSON Web Token.')
      const hash = hashOf(token)
      const { claims, first } = await remembered(token, hash)
      const wantedTeam = wantedIn(headers)
      const place = `${hash} ${wantedTeam ?? ''}`
      const known = placed.get(place)
      if (known && !first) return known
      const at = placed.age()
      const found = await placeToken(readAssertion(claims, settings), { wantedTeam, first }, rules)
      // what was looked up before a `forget` is not kept
      if (at === placed.age()) placed.put(place, found, now() + placedMs)
      return found
    },
    async inGrantingTeam(token, headers, grants) {
      if (wantedIn(headers) !== undefined || (token.team && grants(token.team))) return token
      for (const id of token.teamIds) {
        const team = await directory.findTeam({ id })
        if (!team || team.blocked || !grants(team)) continue
        const { team: _, member: __, organization: ___, ...rest } = token
        const standing = await standings.ofUser(token.user?.id, { teamId: id })
        return { ...rest, ...standing, role: token.role, teamIds: token.teamIds }
      }
      return token
    },
    forget: () => placed.clear(),
  }
}

function wantedIn(headers: Headers): string | undefined {
  const wanted = headers.get('x-litellm-team-id')
  return wanted === null || wanted === '' ? undefined : wanted.slice(0, 256)
}
