import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWSHeaderParameters,
  type LocalJWKSet,
} from 'jose'
import type { Fetch } from 'turnpike-core/internal/client/send'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { asString, isArray, isObject, type Json } from 'turnpike-core/internal/kernel/json'
import { fetchJson } from './fetch-json.ts'

/** Between two questions to the same provider, whatever tokens come. */
const coolDownMs = 10_000
/** How long keys outlive their time while the provider cannot be asked. */
const staleMs = 3_600_000
/** Keys that one token is tried with, where it does not say which. */
const mostKeys = 16

export interface KeySetPorts {
  /** JWKS documents; without any, those that the issuers' discovery documents name */
  readonly keyUrls: readonly string[]
  readonly issuers: readonly string[]
  readonly ttlMs: number
  readonly fetch: Fetch
  readonly now: () => number
}

/** The public keys of identity providers, as they are now. */
export interface KeySet {
  /**
   * The keys that may have signed a token with this header; none when the providers do not know it. A key that is not there makes
   * them be asked again. Throws `store-down` when they cannot be asked and nothing usable is remembered.
   */
  keysFor(header: JWSHeaderParameters): Promise<readonly CryptoKey[]>
}

/** A key set over every source that is configured. */
export function createKeySet(ports: KeySetPorts): KeySet {
  const sources =
    ports.keyUrls.length > 0
      ? ports.keyUrls.map((url) => createSource(async () => url, ports))
      : ports.issuers.map((issuer) => createSource(() => keysUrlOf(issuer, ports), ports))

  async function gather(header: JWSHeaderParameters, anew: boolean): Promise<{ keys: CryptoKey[]; missing: boolean }> {
    const sets = await Promise.all(sources.map((source) => source.read(anew)))
    const keys = await Promise.all(sets.map((set) => (set === undefined ? [] : matching(set, header))))
    return { keys: keys.flat().slice(0, mostKeys), missing: sources.some((source) => source.failing()) }
  }

  return {
    async keysFor(header) {
      const known = await gather(header, false)
      if (known.keys.length > 0) return known.keys
      const fresh = await gather(header, true)
      // a provider that is silent may be the one that knows the key
      if (fresh.keys.length === 0 && fresh.missing) throw unavailable()
      return fresh.keys
    },
  }
}

interface Source {
  /** the document's keys, undefined while there are none; `anew` asks even though they are young */
  read(anew: boolean): Promise<LocalJWKSet | undefined>
  failing(): boolean
}

function createSource(locate: () => Promise<string>, ports: KeySetPorts): Source {
  const { now, ttlMs } = ports
  let set: LocalJWKSet | undefined
  let readAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let failed = false
  let running: Promise<void> | undefined

  async function ask(): Promise<void> {
    triedAt = now()
    try {
      const told = await fetchJson(ports, await locate())
      if (!told.ok) throw new Error(`status ${told.status}`)
      set = keySetOf(told.body.keys)
      readAt = now()
      failed = false
    } catch {
      failed = true
    } finally {
      running = undefined
    }
  }

  return {
    failing: () => failed,
    async read(anew) {
      const due = anew || now() - readAt >= ttlMs
      if (due && (running || now() - triedAt >= coolDownMs)) await (running ??= ask())
      return now() - readAt < ttlMs + staleMs ? set : undefined
    },
  }
}

/** Only public keys for signatures are taken; a shared secret that was published by mistake is none. */
function keySetOf(keys: Json | undefined): LocalJWKSet {
  if (!isArray(keys)) throw new Error('`keys` is not a list')
  const usable = keys.filter((key) => isObject(key) && typeof key.kty === 'string' && key.kty !== 'oct')
  return createLocalJWKSet({ keys: usable } as unknown as JSONWebKeySet)
}

async function matching(set: LocalJWKSet, header: JWSHeaderParameters): Promise<CryptoKey[]> {
  try {
    return [await set(header)]
  } catch (thrown) {
    if (!(thrown instanceof errors.JWKSMultipleMatchingKeys)) return []
    const keys: CryptoKey[] = []
    for await (const key of thrown) if (keys.push(key) >= mostKeys) break
    return keys
  }
}

/** Where an issuer says that its keys are (https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig). */
async function keysUrlOf(issuer: string, ports: KeySetPorts): Promise<string> {
  const told = await fetchJson(ports, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const url = told.ok ? asString(told.body.jwks_uri) : undefined
  if (!told.ok || url === undefined || told.body.issuer !== issuer)
    throw new Error('no discovery document of this issuer')
  return url
}

/** The identity provider cannot be asked: 503, never 401. */
export function unavailable(cause?: unknown): GatewayError {
  return new GatewayError(
    'store-down',
    'The identity provider cannot be asked right now, so this token cannot be checked. Try again in a moment.',
    { kind: 'auth_provider_unavailable', retryAfterMs: 1000, cause },
  )
}
