import { describe, expect, test } from 'bun:test'
import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { VirtualKey } from '../vocabulary/principal.ts'
import { createAccess } from './create-access.ts'
import { createLookup } from './lookup.ts'
import { presentedKey } from './presented-key.ts'
import { hashMatcher, hashOf, isHash, nameOf, newSecret } from './secrets.ts'
import type { KeyPrincipal } from './standing.ts'

const secret = 'sk-canary0123456789wxyz'

function keyOf(changes: Partial<VirtualKey> = {}): VirtualKey {
  return {
    hash: hashOf(secret),
    name: nameOf(secret),
    models: ['all-proxy-models'],
    aliases: {},
    blocked: false,
    allowedRoutes: [],
    allowedIps: [],
    enforcedParams: [],
    metadata: {},
    tags: [],
    createdAt: 0,
    ...changes,
  }
}

function standing(key: VirtualKey): KeyPrincipal {
  return { kind: 'key', key, role: 'internal_user', administers: { teams: [], organizations: [] }, teamIds: [] }
}

const shown = (presented: string | undefined) => ({ secret: presented, headers: new Headers() })

/** A door with a clock that is set by hand and a store that counts how often it is asked. */
function door(found: () => VirtualKey | undefined = () => keyOf()) {
  const state = { now: 1_000_000, asked: 0 }
  const access = createAccess({
    masterKeys: ['sk-master-of-the-house'],
    now: () => state.now,
    findKey: async () => {
      state.asked++
      const key = found()
      return key && standing(key)
    },
  })
  return { access, state }
}

async function failure(act: () => unknown): Promise<GatewayError> {
  try {
    await act()
  } catch (thrown) {
    if (isGatewayError(thrown)) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

describe('who is asking', () => {
  test('the master key is the master, without asking the store', () => {
    const { access, state } = door()
    expect(access.identify(shown('sk-master-of-the-house'))).toEqual({ kind: 'master' })
    expect(state.asked).toBe(0)
  })

  test('a master key need not start with sk-, and an empty one lets nobody in', async () => {
    const access = createAccess({ masterKeys: ['correct horse', ''], findKey: async () => undefined, now: () => 0 })
    expect(access.identify(shown('correct horse'))).toEqual({ kind: 'master' })
    expect((await failure(() => access.identify(shown('')))).code).toBe('missing-key')
  })

  test('a known key is a principal, and from then on its answer is synchronous and the same snapshot', async () => {
    const { access, state } = door()
    const first = await access.identify(shown(secret))
    const second = access.identify(shown(secret))
    expect(second).not.toBeInstanceOf(Promise)
    expect(second).toBe(first)
    expect(state.asked).toBe(1)
  })

  test('the store is asked again beside a request when the snapshot is a quarter of a minute old, and before it after half a minute', async () => {
    const { access, state } = door()
    await access.identify(shown(secret))
    state.now += 14_999
    expect(access.identify(shown(secret))).not.toBeInstanceOf(Promise)
    expect(state.asked).toBe(1)
    state.now += 1
    expect(access.identify(shown(secret))).not.toBeInstanceOf(Promise)
    await Bun.sleep(0)
    expect(state.asked).toBe(2)
    state.now += 30_000
    expect(access.identify(shown(secret))).toBeInstanceOf(Promise)
    await Bun.sleep(0)
    expect(state.asked).toBe(3)
  })

  test('many who ask at once for one key make one lookup', async () => {
    const { access, state } = door()
    await Promise.all(Array.from({ length: 50 }, () => access.identify(shown(secret))))
    expect(state.asked).toBe(1)
  })

  test('an unknown key is remembered for ten seconds, then asked for again', async () => {
    const { access, state } = door(() => undefined)
    await failure(() => access.identify(shown(secret)))
    expect(() => access.identify(shown(secret))).toThrow(GatewayError)
    expect(state.asked).toBe(1)
    state.now += 10_000
    await failure(() => access.identify(shown(secret)))
    expect(state.asked).toBe(2)
  })

  test('a flood of unknown keys does not push a known one out, and neither memory grows past its bound', async () => {
    let asked = 0
    const lookup = createLookup<string>({
      async load(id) {
        asked++
        return id.startsWith('guess') ? undefined : id
      },
      now: () => 0,
      most: 10,
    })
    await lookup.get('known')
    for (let i = 0; i < 100; i++) await lookup.get(`guess ${i}`)
    expect(lookup.get('known')).toBe('known')
    expect(asked).toBe(101)
    expect(lookup.get('guess 99')).toBeUndefined()
    expect(lookup.get('guess 0')).toBeInstanceOf(Promise)
    for (let i = 0; i < 10; i++) await lookup.get(`other ${i}`)
    expect(lookup.get('known')).toBeInstanceOf(Promise)
  })
})

describe('what has changed', () => {
  test('a key that is forgotten is looked up again', async () => {
    let blocked = false
    const { access } = door(() => keyOf({ blocked }))
    await access.identify(shown(secret))
    blocked = true
    access.forgetKey(hashOf(secret))
    expect((await failure(() => access.identify(shown(secret)))).code).toBe('blocked-key')
  })

  test('an answer that was asked for before the change is not kept', async () => {
    const answers: ((key: VirtualKey) => void)[] = []
    const access = createAccess({
      masterKeys: [],
      now: () => 0,
      findKey: () => new Promise<VirtualKey>((resolve) => answers.push(resolve)).then(standing),
    })
    const early = access.identify(shown(secret))
    access.forgetKey(hashOf(secret))
    answers[0]?.(keyOf())
    await early
    const late = access.identify(shown(secret))
    expect(late).toBeInstanceOf(Promise)
    answers[1]?.(keyOf({ blocked: true }))
    expect((await failure(() => late)).code).toBe('blocked-key')
  })

  test('a key that was made a moment after it was asked for is let in', async () => {
    let made = false
    const { access } = door(() => (made ? keyOf() : undefined))
    await failure(() => access.identify(shown(secret)))
    made = true
    access.forgetKey(hashOf(secret))
    expect((await access.identify(shown(secret))).kind).toBe('key')
  })

  test('a cached key expires by the clock', async () => {
    const { access, state } = door(() => keyOf({ expiresAt: 1_000_500 }))
    await access.identify(shown(secret))
    state.now = 1_000_500
    const error = await failure(() => access.identify(shown(secret)))
    expect(error).toMatchObject({
      code: 'expired-key',
      status: 401,
      detail: { kind: 'expired_key', param: 'sk-...wxyz' },
    })
    expect(error.message).toBe(
      'Authentication Error - Expired Key. Key Expiry time 1970-01-01T00:16:40.500Z and current time 1970-01-01T00:16:40.500Z',
    )
  })

  test('while the store is down known keys keep working and unseen ones get 503, never 401', async () => {
    let down = false
    const { access, state } = door(() => {
      if (down) throw new Error('disk on fire')
      return keyOf()
    })
    await access.identify(shown(secret))
    down = true
    state.now += 3_599_999
    expect((await access.identify(shown(secret))).kind).toBe('key')
    const error = await failure(() => access.identify(shown('sk-never-seen-before')))
    expect(error).toMatchObject({ code: 'store-down', status: 503, detail: { kind: 'no_db_connection' } })
    expect(error.message).not.toContain('disk on fire')
  })
})

describe('what refusals say', () => {
  test('no key', async () => {
    const error = await failure(() => door().access.identify(shown(undefined)))
    expect(error).toMatchObject({ code: 'missing-key', status: 401, detail: { kind: 'auth_error' } })
    expect(error.message).toBe('Authentication Error, No api key passed in.')
  })

  test('a key of the wrong shape', async () => {
    const error = await failure(() => door().access.identify(shown('AIzaSyCanaryCanaryCanary')))
    expect(error.message).toBe(
      "Authentication Error, LiteLLM Virtual Key expected. Received=...nary, expected to start with 'sk-'.",
    )
    expect(error.code).toBe('invalid-key')
  })

  test('the hash of a key is not a key', async () => {
    expect((await failure(() => door().access.identify(shown(hashOf(secret))))).code).toBe('invalid-key')
  })

  test('a key that nobody could have been given is refused without a lookup', async () => {
    const { access, state } = door()
    await failure(() => access.identify(shown(`sk-${'x'.repeat(5000)}`)))
    await failure(() => access.identify(shown('sk-with space')))
    expect(state.asked).toBe(0)
  })

  test('an unknown key is named by its last four characters and its hash only', async () => {
    const error = await failure(() => door(() => undefined).access.identify(shown(secret)))
    expect(error).toMatchObject({
      code: 'unknown-key',
      status: 401,
      detail: { kind: 'token_not_found_in_db', param: 'key' },
    })
    expect(error.message).toContain('Received API Key = sk-...wxyz, Key Hash (Token) =')
    expect(error.message).not.toContain('canary')
  })

  test('a blocked key', async () => {
    const error = await failure(() => door(() => keyOf({ blocked: true })).access.identify(shown(secret)))
    expect(error.message).toBe("Authentication Error, Key is blocked. Update via `/key/unblock` if you're admin.")
  })

  test('of a short secret nothing is shown', () => {
    expect(nameOf('sk-1234')).toBe('sk-...****')
  })
})

describe('secrets', () => {
  test('a new secret is sk- and 22 characters, never twice the same', () => {
    const made = new Set(Array.from({ length: 100 }, newSecret))
    expect(made.size).toBe(100)
    for (const one of made) expect(one).toMatch(/^sk-[\w-]{22}$/)
  })

  test('a key is stored under its SHA-256', () => {
    expect(hashOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(isHash(hashOf('abc'))).toBe(true)
    expect(isHash(secret)).toBe(false)
  })

  test('hashes are compared whole, whatever their length', () => {
    const matches = hashMatcher(['one', 'two'])
    expect(matches(hashOf('two'))).toBe(true)
    expect(matches(hashOf('three'))).toBe(false)
    expect(matches(hashOf('two').slice(0, 63))).toBe(false)
    expect(hashMatcher([])(hashOf(''))).toBe(false)
  })
})

describe('where the key is', () => {
  const presented = (headers: Record<string, string>, query?: string, name?: string) =>
    presentedKey(new Headers(headers), query === undefined ? undefined : new URLSearchParams(query), name)

  test('every format has its header, and the order decides between them', () => {
    const all = {
      'x-litellm-api-key': 'one',
      authorization: 'Bearer two',
      'api-key': 'three',
      'x-api-key': 'four',
      'x-goog-api-key': 'five',
      'ocp-apim-subscription-key': 'six',
    }
    const left: Record<string, string> = { ...all }
    for (const [name, value] of Object.entries(all)) {
      expect(presented(left)).toBe(value.replace('Bearer ', ''))
      delete left[name]
    }
    expect(presented(left)).toBeUndefined()
    expect(presented(left, 'key=seven')).toBe('seven')
  })

  test('Bearer and Basic are taken off, in any case', () => {
    expect(presented({ authorization: 'bearer sk-1' })).toBe('sk-1')
    expect(presented({ authorization: 'Basic sk-2' })).toBe('sk-2')
    expect(presented({ 'x-litellm-api-key': 'Bearer sk-3' })).toBe('sk-3')
  })

  test('an Authorization header of another form is refused', async () => {
    for (const authorization of ['sk-1', 'Bearer', 'Digest sk-1']) {
      const error = await failure(() => presented({ authorization, 'x-api-key': 'sk-2' }))
      expect(error.message).toBe('Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix.')
    }
  })

  test('a header of the operator’s own replaces all others', async () => {
    expect(presented({ authorization: 'Bearer two', 'x-team-key': 'Bearer one' }, '', 'X-Team-Key')).toBe('one')
    expect(presented({ authorization: 'Bearer two' }, '', 'x-team-key')).toBeUndefined()
    expect((await failure(() => presented({ 'x-team-key': 'bare' }, '', 'x-team-key'))).code).toBe('invalid-key')
  })
})
