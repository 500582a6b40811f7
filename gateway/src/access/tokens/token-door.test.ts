import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { base64url, exportSPKI, importJWK, type JWK, SignJWT } from 'jose'
import { type GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JwtRules } from '../../config/governance.ts'
import type { Store } from '../../store/store.ts'
import { createDirectory } from '../sign-on/people/create-directory.ts'
import { createStandings } from '../standing.ts'
import { audience, type Issuer, startIssuer } from '../testing/issuer.ts'
import { allOf, newStore, row, teamOf, userOf } from '../testing/test-store.ts'
import { createTokenDoor } from './create-token-door.ts'

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

const quiet: JwtRules = {
  keyUrls: [],
  keysTtlMs: 600_000,
  audiences: [],
  issuers: [],
  fields: {},
  adminScope: 'litellm_proxy_admin',
  adminRoutes: ['management_routes'],
  teamRoutes: ['openai_routes', 'info_routes'],
  publicRoutes: ['public_routes'],
  defaultTeamId: undefined,
  createTeams: false,
  createUsers: false,
  syncUsers: false,
  joinTeams: false,
  allowedEmailDomain: undefined,
  allowedUserRoles: [],
  roleMappings: [],
  userRoles: [],
  scopeMappings: [],
  enforceRbac: false,
  enforceScopes: false,
  enforceTeamModels: false,
  userinfo: undefined,
}

/** A door before the issuer, with people and teams in memory and a clock that can be turned. */
async function door(
  changes: Partial<JwtRules> = {},
  more: { fetch?: typeof fetch; pathsUnder?: (entry: string) => string[] } = {},
) {
  const store = await newStore()
  const clock = { skew: 0 }
  const now = () => Date.now() + clock.skew
  const directory = createDirectory({
    store,
    now,
    by: 'the token',
    newUser: ({ id, email, ssoId, role }) =>
      userOf({ id, ...(email ? { email } : {}), ...(ssoId ? { ssoId } : {}), ...(role ? { role } : {}) }),
    newTeam: ({ id, alias }) => teamOf({ id, ...(alias ? { alias } : {}) }),
  })
  const settings: JwtRules = {
    ...quiet,
    issuers: [issuer.url],
    audiences: [audience],
    fields: { userId: 'person.id', teamIds: 'groups', userEmail: 'email' },
    ...changes,
  }
  const made = createTokenDoor({
    settings,
    directory,
    standings: createStandings(store),
    now,
    fetch: more.fetch ?? ((url, init) => fetch(url, init)),
    ...(more.pathsUnder ? { pathsUnder: more.pathsUnder } : {}),
  })
  const identify = (token: string, headers: Record<string, string> = {}) => made.identify(token, new Headers(headers))
  return { ...made, door: made, identify, store, clock }
}

async function failure(act: Promise<unknown>): Promise<GatewayError> {
  try {
    await act
  } catch (thrown) {
    if (isGatewayError(thrown)) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

async function fill(store: Store): Promise<void> {
  await store.users.insert(row(userOf({ id: 'ada', email: 'ada@example.com' })))
  for (const id of ['red', 'blue']) await store.teams.insert(row(teamOf({ id, models: [`${id}-model`] })))
  await store.teamMembers.insert(row({ id: 'red:ada', teamId: 'red', userId: 'ada', role: 'admin' }))
}

const ada = { person: { id: 'ada' }, groups: ['nowhere', 'red', 'blue'] }

describe('a token of an OpenID provider', () => {
  test('is somebody by the claims that the settings name, through discovery of the issuer’s keys', async () => {
    const { identify, store, door: made } = await door()
    await fill(store)
    const token = await issuer.machineToken(ada)
    expect(made.looksLikeToken(token)).toBe(true)
    expect(made.looksLikeToken('sk-1234')).toBe(false)
    expect(await identify(token)).toMatchObject({
      kind: 'token',
      via: 'jwt',
      role: 'internal_user',
      user: { id: 'ada' },
      team: { id: 'red' },
      member: { role: 'admin' },
      teamIds: ['red', 'blue'],
      administers: { teams: ['red'] },
      routes: ['openai_routes', 'info_routes'],
    })
  })

  test('is taken from a list of JWKS addresses as well', async () => {
    const { identify, store } = await door({ keyUrls: [`${issuer.url}/nothing-here`, `${issuer.url}/jwks`] })
    await fill(store)
    expect((await identify(await issuer.machineToken(ada))).user?.id).toBe('ada')
  })

  test('keeps working after its provider changed its keys, once the cool-down is over', async () => {
    const { identify, store, clock } = await door()
    await fill(store)
    await identify(await issuer.machineToken(ada))
    await issuer.rotate()
    const token = await issuer.machineToken(ada)
    expect((await failure(identify(token))).code).toBe('invalid-key')
    clock.skew = 11_000
    expect((await identify(token)).user?.id).toBe('ada')
  })

  test('is verified with the keys that are remembered while the provider is down, for an hour past their time', async () => {
    const { identify, store, clock } = await door()
    await fill(store)
    await identify(await issuer.machineToken(ada))
    const signedNow = await issuer.machineToken(ada)
    issuer.down = true
    try {
      clock.skew = 4_100_000
      expect((await identify(signedNow)).user?.id).toBe('ada')
      clock.skew = 4_500_000
      const error = await failure(identify(signedNow))
      expect(error).toMatchObject({ code: 'store-down', status: 503, detail: { kind: 'auth_provider_unavailable' } })
    } finally {
      issuer.down = false
    }
  })

  test('is answered with 503 and one question when the provider was never reached', async () => {
    const { identify } = await door()
    const token = await issuer.machineToken(ada)
    issuer.down = true
    const before = issuer.asked()
    try {
      for (let i = 0; i < 20; i++) expect((await failure(identify(token))).status).toBe(503)
    } finally {
      issuer.down = false
    }
    expect(issuer.asked() - before).toBe(1)
  })

  test('a flood of tokens with keys that nobody knows does not become a flood of questions', async () => {
    const { identify, store, clock } = await door()
    await fill(store)
    const token = await issuer.machineToken(ada)
    await identify(token)
    clock.skew = 11_000
    const before = issuer.asked()
    const [, claims, signature] = token.split('.')
    for (let i = 0; i < 200; i++) {
      const header = base64url.encode(JSON.stringify({ alg: 'RS256', kid: `made up ${i}` }))
      expect((await failure(identify(`${header}.${claims}.${signature}`))).code).toBe('invalid-key')
    }
    expect(issuer.asked() - before).toBe(1)
  })
})

/** An issuer of its own whose tokens say what a test wants. */
async function forge(algorithm = 'ES256') {
  const { generateKeyPair, exportJWK } = await import('jose')
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const published: JWK = { ...(await exportJWK(publicKey)), kid: 'one', alg: algorithm }
  const answer = async () => Response.json({ keys: [published] })
  const seconds = () => Math.floor(Date.now() / 1000)
  return {
    published,
    publicKey,
    fetch: answer as unknown as typeof fetch,
    sign: (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
      new SignJWT({ iss: 'https://idp.example', aud: audience, exp: seconds() + 300, sub: 's', ...ada, ...claims })
        .setProtectedHeader({ alg: algorithm, kid: 'one', ...header })
        .sign(privateKey),
  }
}

async function forged(changes: Partial<JwtRules> = {}, more: Parameters<typeof door>[1] = {}, algorithm?: string) {
  const forger = await forge(algorithm)
  const made = await door(
    { issuers: ['https://idp.example'], keyUrls: ['https://idp.example/keys'], ...changes },
    { fetch: forger.fetch, ...more },
  )
  await fill(made.store)
  return { ...made, ...forger, identify: made.identify }
}

describe('what is refused', () => {
  test('another audience, another issuer, a time that is over or has not come, and no end at all', async () => {
    const { identify, sign } = await forged()
    expect((await identify(await sign())).user?.id).toBe('ada')
    const past = Math.floor(Date.now() / 1000)
    expect((await identify(await sign({ exp: past - 30 }))).user?.id).toBe('ada')
    for (const [claims, code] of [
      [{ aud: 'https://other.example' }, 'invalid-key'],
      [{ iss: 'https://other.example' }, 'invalid-key'],
      [{ exp: past - 61 }, 'expired-key'],
      [{ nbf: past + 120 }, 'invalid-key'],
      [{ exp: undefined }, 'invalid-key'],
    ] as const)
      expect((await failure(identify(await sign(claims)))).code).toBe(code)
  })

  test('no signature, and a public key used as a shared secret', async () => {
    const { identify, sign, published, publicKey } = await forged({}, {}, 'RS256')
    const [, claims] = (await sign()).split('.')
    for (const alg of ['none', 'None', 'HS256']) {
      const header = base64url.encode(JSON.stringify({ alg, kid: 'one' }))
      expect((await failure(identify(`${header}.${claims}.`))).message).toContain('algorithm is not accepted')
    }
    for (const secret of [await exportSPKI(publicKey), JSON.stringify(published)]) {
      const mac = await new SignJWT({ ...ada, iss: 'https://idp.example', aud: audience })
        .setProtectedHeader({ alg: 'HS256', kid: 'one' })
        .setExpirationTime('1h')
        .sign(new TextEncoder().encode(secret))
      expect((await failure(identify(mac))).code).toBe('invalid-key')
    }
  })

  test('a published shared secret is no key', async () => {
    const oct: JWK = { kty: 'oct', k: base64url.encode('x'.repeat(32)), kid: 'one', alg: 'HS256' }
    const { identify } = await door(
      { keyUrls: ['https://idp.example/keys'], issuers: [] },
      { fetch: (async () => Response.json({ keys: [oct] })) as unknown as typeof fetch },
    )
    const token = await new SignJWT({ ...ada, aud: audience })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .setExpirationTime('1h')
      .sign(await importJWK(oct))
    expect((await failure(identify(token))).code).toBe('invalid-key')
  })

  test('claims that were changed after they were signed', async () => {
    const { identify, sign } = await forged()
    const [header, claims = '', signature] = (await sign()).split('.')
    const other = { ...JSON.parse(new TextDecoder().decode(base64url.decode(claims))), person: { id: 'root' } }
    const error = await failure(identify(`${header}.${base64url.encode(JSON.stringify(other))}.${signature}`))
    expect(error.message).toContain('signature does not fit')
  })

  test('a token that was good before its end is not remembered beyond it', async () => {
    const { identify, sign, clock } = await forged()
    const token = await sign()
    await identify(token)
    clock.skew = 361_000
    expect((await failure(identify(token))).code).toBe('expired-key')
  })

  test('no message holds the token', async () => {
    const { identify, sign } = await forged()
    const token = await sign({ aud: 'https://other.example' })
    const { message } = await failure(identify(token))
    for (const part of token.split('.')) expect(message).not.toContain(part)
  })

  test('a token of nobody who is known here', async () => {
    const { identify, sign } = await forged({ fields: {} })
    expect((await failure(identify(await sign()))).message).toContain('names no user and no team')
  })

  test('a user or a team that was blocked, as soon as the door hears of it', async () => {
    const { identify, sign, store, door: made } = await forged({ fields: { userId: 'person.id', teamId: 'team' } })
    const token = await sign({ team: 'red' })
    await identify(token)
    await store.teams.change('red', (stored) => ({ ...stored, value: { ...stored.value, blocked: true } }))
    made.forget()
    expect((await failure(identify(token))).message).toContain('Team=red is blocked')
    await store.users.change('ada', (stored) => ({ ...stored, value: { ...stored.value, blocked: true } }))
    made.forget()
    expect((await failure(identify(token))).message).toContain('User=ada is blocked')
  })
})

describe('users', () => {
  test('who are unknown are refused, or made where that is configured', async () => {
    const refusing = await forged()
    const claims = { person: { id: 'bob' }, email: 'Bob@Example.com' }
    expect((await failure(refusing.identify(await refusing.sign(claims)))).code).toBe('invalid-key')
    const making = await forged({ createUsers: true })
    expect((await making.identify(await making.sign(claims))).user).toMatchObject({
      id: 'bob',
      email: 'bob@example.com',
    })
    expect((await making.store.users.find('bob')) !== undefined).toBe(true)
  })

  test('are found by an address, unless the provider says that nobody checked it', async () => {
    const { identify, sign } = await forged({ fields: { userEmail: 'email' } })
    expect((await identify(await sign({ email: 'ada@example.com' }))).user?.id).toBe('ada')
    const unchecked = await sign({ email: 'ada@example.com', email_verified: false })
    expect((await failure(identify(unchecked))).code).toBe('invalid-key')
  })

  test('of another domain are refused, and one without an address is not made', async () => {
    const { identify, sign } = await forged({ allowedEmailDomain: 'example.com', createUsers: true })
    expect((await failure(identify(await sign({ email: 'a@example.com.evil.example' })))).status).toBe(403)
    expect((await failure(identify(await sign({ person: { id: 'new' } })))).code).toBe('invalid-key')
    expect((await identify(await sign({ person: { id: 'new' }, email: 'new@example.com' }))).user?.id).toBe('new')
  })

  test('follow their token in role and teams where rows are synchronised', async () => {
    const { identify, sign, store } = await forged({
      syncUsers: true,
      fields: { userId: 'person.id', teamIds: 'groups', roles: 'realm.roles' },
      userRoles: [{ jwtRole: 'ai-admin-*', role: 'proxy_admin_viewer' }],
    })
    const token = await identify(await sign({ groups: ['blue'], realm: { roles: ['x', 'ai-admin-eu'] } }))
    expect(token.role).toBe('proxy_admin_viewer')
    expect((await allOf(store.teamMembers)).map(({ id }) => id)).toEqual(['blue:ada'])
    expect((await store.users.find('ada'))?.value.role).toBe('proxy_admin_viewer')
  })

  test('must have one of the roles that are asked for', async () => {
    const { identify, sign } = await forged({
      fields: { userId: 'person.id', userRoles: 'roles' },
      allowedUserRoles: ['writer'],
    })
    expect((await failure(identify(await sign({ roles: ['reader'] })))).status).toBe(403)
    expect((await identify(await sign({ roles: ['writer'] }))).user?.id).toBe('ada')
  })
})

describe('teams', () => {
  test('the header chooses among the token’s teams and no others', async () => {
    const { identify, sign } = await forged()
    const token = await sign()
    expect((await identify(token, { 'x-litellm-team-id': 'blue' })).team?.id).toBe('blue')
    expect((await identify(token)).team?.id).toBe('red')
    expect((await failure(identify(token, { 'x-litellm-team-id': 'green' }))).status).toBe(403)
  })

  test('the first that grants what is asked for can be taken', async () => {
    const { identify, sign, door: made } = await forged()
    const token = await identify(await sign())
    const grants = (name: string) => (team: { readonly models: readonly string[] }) => team.models.includes(name)
    expect((await made.inGrantingTeam(token, new Headers(), grants('blue-model'))).team?.id).toBe('blue')
    expect((await made.inGrantingTeam(token, new Headers(), grants('no-model'))).team?.id).toBe('red')
    const chosen = new Headers({ 'x-litellm-team-id': 'red' })
    expect((await made.inGrantingTeam(token, chosen, grants('blue-model'))).team?.id).toBe('red')
  })

  test('that are missing are refused, made, or replaced by the default one', async () => {
    const fields = { userId: 'person.id', teamId: 'team' }
    const refusing = await forged({ fields })
    expect((await failure(refusing.identify(await refusing.sign({ team: 'green' })))).code).toBe('invalid-key')
    const making = await forged({ fields, createTeams: true })
    expect((await making.identify(await making.sign({ team: 'green' }))).team?.id).toBe('green')
    const usual = await forged({ fields, defaultTeamId: 'blue' })
    expect((await usual.identify(await usual.sign())).team?.id).toBe('blue')
  })

  test('are asked of every token where models are granted by teams only', async () => {
    const { identify, sign } = await forged({ enforceTeamModels: true })
    expect((await failure(identify(await sign({ groups: ['nowhere'] })))).status).toBe(403)
  })

  test('an organisation that the token names must exist', async () => {
    const { identify, sign } = await forged({ fields: { userId: 'person.id', organizationId: 'org' } })
    expect((await failure(identify(await sign({ org: 'acme' })))).message).toContain('organization')
  })
})

describe('what a token may', () => {
  test('the administrator’s scope makes an administrator on the administrator’s routes', async () => {
    const { identify, sign } = await forged()
    const token = await identify(await sign({ scope: 'openid litellm_proxy_admin', person: { id: 'unknown' } }))
    expect(token).toMatchObject({ role: 'proxy_admin', routes: ['management_routes'] })
    expect(token.user).toBeUndefined()
  })

  test('scopes grant models and routes only where they are enforced', async () => {
    const scopeMappings = [{ scope: 'gpt', models: ['gpt-*'], routes: undefined }]
    const loose = await forged({ scopeMappings })
    expect((await loose.identify(await loose.sign({ scope: 'gpt' }))).models).toBeUndefined()
    const strict = await forged({ scopeMappings, enforceScopes: true })
    expect((await strict.identify(await strict.sign({ scp: ['gpt'] }))).models).toEqual(['gpt-*'])
    expect((await strict.identify(await strict.sign())).models).toEqual([])
  })

  test('where scopes and the team both name routes, both must name one', async () => {
    const paths: Record<string, string[]> = {
      openai_routes: ['/v1/chat/completions', '/v1/embeddings'],
      info_routes: [],
    }
    const { identify, sign } = await forged(
      {
        enforceScopes: true,
        scopeMappings: [{ scope: 'chat', models: ['*'], routes: ['/v1/chat/completions', '/key/generate'] }],
      },
      { pathsUnder: (entry) => paths[entry] ?? [entry] },
    )
    expect((await identify(await sign({ scope: 'chat' }))).routes).toEqual(['/v1/chat/completions'])
  })

  test('with enforced roles a token that stands for nobody is refused, and a mapped role names what its object is', async () => {
    const { identify, sign } = await forged({
      enforceRbac: true,
      fields: { roles: 'roles', objectId: 'oid' },
      roleMappings: [{ role: 'app', internalRole: 'team' }],
    })
    expect((await failure(identify(await sign()))).status).toBe(403)
    expect((await identify(await sign({ roles: ['app'], oid: 'blue' }))).team?.id).toBe('blue')
  })

  test('a claim whose name holds dots is found before its dots are followed', async () => {
    const { identify, sign } = await forged({ fields: { userId: 'https://acme.example/user.id' } })
    expect((await identify(await sign({ 'https://acme.example/user.id': 'ada' }))).user?.id).toBe('ada')
  })
})

describe('the userinfo endpoint', () => {
  test('says who a token is, is asked once for a while, and a 401 of it is a refusal', async () => {
    let asked = 0
    let status = 200
    const { identify, store, clock } = await door(
      { issuers: [], userinfo: { url: 'https://idp.example/userinfo', cacheMs: 60_000 } },
      {
        fetch: (async (_: string, init: RequestInit) => {
          asked++
          expect(new Headers(init.headers).get('authorization')).toStartWith('Bearer eyJ')
          return Response.json({ sub: 's', ...ada }, { status })
        }) as unknown as typeof fetch,
      },
    )
    await fill(store)
    const token = 'eyJhbGciOiJub25lIn0.e30.'
    expect((await identify(token)).user?.id).toBe('ada')
    await identify(token)
    expect(asked).toBe(1)
    clock.skew = 60_001
    status = 401
    expect((await failure(identify(token))).code).toBe('invalid-key')
    status = 500
    expect((await failure(identify(token))).status).toBe(503)
  })
})
