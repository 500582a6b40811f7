import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { createSignOn } from '../../../access/sign-on/create-sign-on.ts'
import { createFlowSeal } from '../../../access/sign-on/flow.ts'
import { createPasswordBook } from '../../../access/sign-on/passwords.ts'
import { createDirectory } from '../../../access/sign-on/people/create-directory.ts'
import { createRelyingParty, type SignOnRow } from '../../../access/sign-on/relying-party.ts'
import { createSessions } from '../../../access/sign-on/sessions.ts'
import { createThrottle } from '../../../access/sign-on/throttle.ts'
import { createStandings } from '../../../access/standing.ts'
import { agreeAtProvider, type Browser, createBrowser } from '../../../access/testing/browser.ts'
import { type Issuer, startIssuer } from '../../../access/testing/issuer.ts'
import { allOf, newStore, row, teamOf, userOf } from '../../../access/testing/test-store.ts'
import type { House } from '../../../house.ts'
import type { RouteCall } from '../../../pipeline/route.ts'
import { createSignOnRoutes } from './routes.ts'

const home = 'https://gateway.example'

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer(`${home}/sso/callback`)
})
afterAll(() => issuer.close())

interface Changes {
  readonly provider?: Partial<SignOnRow>
  readonly domains?: readonly string[]
  readonly adminUserId?: string
  readonly publicUrl?: string
}

/** A gateway that people sign on to, reached as a browser would reach it. */
async function gateway(changes: Changes = {}) {
  const store = await newStore()
  const state = { skew: 0, source: '192.0.2.1' as string | undefined }
  const now = () => Date.now() + state.skew
  const standings = createStandings(store)
  const provider: SignOnRow = {
    kind: 'generic',
    clientId: issuer.client.id,
    clientSecret: issuer.client.secret,
    issuer: issuer.url,
    authorizationUrl: `${issuer.url}/auth`,
    tokenUrl: `${issuer.url}/token`,
    userinfoUrl: `${issuer.url}/me`,
    scope: 'openid email profile',
    usePkce: true,
    attributes: {
      id: 'preferred_username',
      email: 'email',
      role: 'role',
      displayName: 'name',
      firstName: 'given_name',
      lastName: 'family_name',
    },
    roles: undefined,
    ...changes.provider,
  }
  const { adminUserId } = changes
  const publicUrl = changes.publicUrl ?? home
  const signOn = createSignOn({
    settings: {
      publicUrl,
      allowedEmailDomains: changes.domains ?? [],
      adminUserId,
      login: { username: 'admin', password: undefined, sessionMs: 86_400_000, logoutUrl: undefined },
    },
    providers: [{ row: provider, party: createRelyingParty(provider, { fetch: (url, init) => fetch(url, init) }) }],
    directory: createDirectory({
      store,
      now,
      by: 'sign-on',
      newUser: ({ id, role, email, ssoId, alias }) =>
        userOf({
          id,
          role: role ?? 'internal_user_viewer',
          ...(email ? { email } : {}),
          ...(ssoId ? { ssoId } : {}),
          ...(alias ? { alias } : {}),
        }),
      newTeam: ({ id }) => teamOf({ id }),
    }),
    sessions: createSessions({ store, standings, now, lengthMs: 86_400_000, adminUserId }),
    passwords: createPasswordBook(store, now),
    throttle: createThrottle({ perName: 5, perSource: 8, windowMs: 900_000, now }),
    seal: createFlowSeal('a secret of the house', now),
    masterKeys: ['sk-master-of-the-house'],
    now,
  })
  const routes = createSignOnRoutes({ signOnOf: () => signOn, sourceOf: () => state.source })

  async function ask(address: string, init: RequestInit): Promise<Response> {
    if (!address.startsWith(home)) return fetch(address, init)
    const url = new URL(address)
    const route = routes.find(({ method, paths }) => method === (init.method ?? 'GET') && paths.includes(url.pathname))
    if (!route) throw new Error(`no route ${init.method} ${url.pathname}`)
    const request = new Request(address, init)
    const call: RouteCall = {
      request,
      params: {},
      query: url.searchParams,
      body: init.body === undefined ? undefined : new TextEncoder().encode(String(init.body)),
      principal: { kind: 'anonymous' },
      callId: 'one',
    } as RouteCall
    try {
      return await route.handle(call, {} as House)
    } catch (thrown) {
      if (!isGatewayError(thrown)) throw thrown
      return Response.json({ error: describeFault(thrown) }, { status: thrown.status })
    }
  }

  return { store, state, ask, browser: createBrowser(ask), passwords: createPasswordBook(store, now) }
}

const describeFault = ({ code, message }: GatewayError) => ({ code, message })

async function signOn(browser: Browser, person: string, path = '/sso/key/generate'): Promise<Response> {
  const sent = await browser.get(`${home}${path}`)
  const location = sent.headers.get('location')
  if (location === null) return sent
  return browser.get((await agreeAtProvider(browser, location, person, `${home}/sso/callback`)).href)
}

async function whoAmI(browser: Browser): Promise<Record<string, unknown>> {
  return (await browser.get(`${home}/session`)).json() as Promise<Record<string, unknown>>
}

describe('signing on with an OpenID provider', () => {
  test('goes there and comes back with a session of somebody who is made on the way', async () => {
    const { browser, store } = await gateway()
    issuer.people.set('ada', { name: 'Ada L.' })
    const back = await signOn(browser, 'ada')
    expect(back.headers.get('location')).toBe('/ui/?login=success')
    const [gone, made] = back.headers.getSetCookie()
    expect(gone).toStartWith('turnpike_sign_on=; Path=/sso; Max-Age=0')
    expect(made).toMatch(/^turnpike_session=[\w-]{43}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure$/)
    expect(await whoAmI(browser)).toMatchObject({
      user_id: 'ada',
      user_email: 'ada@example.com',
      user_alias: 'Ada L.',
      user_role: 'internal_user_viewer',
    })
    expect((await store.users.find('ada'))?.value.ssoId).toBe('ada')
    const kept = JSON.stringify(await allOf(store.sessions))
    expect(kept).not.toContain(browser.cookies.get('turnpike_session') ?? 'nothing')
  })

  test('works with endpoints alone, asking the userinfo endpoint who it is', async () => {
    const { browser } = await gateway({ provider: { issuer: undefined } })
    await signOn(browser, 'bob')
    expect(await whoAmI(browser)).toMatchObject({ user_id: 'bob' })
  })

  test('sends a challenge, a state and a nonce that are new each time', async () => {
    const { browser } = await gateway()
    const [one, two] = await Promise.all([1, 2].map(() => browser.get(`${home}/sso/key/generate`)))
    const [a, b] = [one, two].map((sent) => new URL(sent?.headers.get('location') ?? '').searchParams)
    expect(a?.get('code_challenge_method')).toBe('S256')
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(a?.get(name)?.length).toBeGreaterThan(40)
      expect(a?.get(name)).not.toBe(b?.get(name) ?? null)
    }
  })

  test('finds somebody by a checked address and ties the row to the subject, but never one that is tied to another', async () => {
    const { browser, store, ask } = await gateway()
    await store.users.insert(row(userOf({ id: 'u-1', email: 'cleo@example.com' })))
    await store.users.insert(row(userOf({ id: 'u-2', email: 'dora@example.com', ssoId: 'somebody else' })))
    await signOn(browser, 'cleo')
    expect(await whoAmI(browser)).toMatchObject({ user_id: 'u-1' })
    expect((await store.users.find('u-1'))?.value.ssoId).toBe('cleo')
    const refused = await signOn(createBrowser(ask), 'dora')
    expect(refused.status).toBe(403)
  })

  test('an address that the provider did not check finds nobody', async () => {
    const { browser, store } = await gateway()
    await store.users.insert(row(userOf({ id: 'u-1', email: 'boss@example.com', role: 'proxy_admin' })))
    issuer.people.set('eve', { email: 'boss@example.com', email_verified: false })
    await signOn(browser, 'eve')
    expect(await whoAmI(browser)).toMatchObject({ user_id: 'eve', user_email: null, user_role: 'internal_user_viewer' })
  })

  test('takes the role from its claim, or from groups, and joins the teams that exist', async () => {
    issuer.people.set('finn', { role: 'internal_user', groups: ['admins', 'red', 'nowhere'] })
    const byClaim = await gateway({ provider: { teamsClaim: 'groups' } })
    await byClaim.store.teams.insert(row(teamOf({ id: 'red' })))
    await signOn(byClaim.browser, 'finn')
    expect(await whoAmI(byClaim.browser)).toMatchObject({ user_role: 'internal_user', teams: ['red'] })
    issuer.people.set('finn', { groups: ['everybody', 'admins'] })
    const roles = {
      groupClaim: 'groups',
      groups: { internal_user: ['everybody'], proxy_admin: ['admins'] },
      otherwise: undefined,
    }
    const byGroup = await gateway({ provider: { roles } })
    await signOn(byGroup.browser, 'finn')
    expect(await whoAmI(byGroup.browser)).toMatchObject({ user_role: 'proxy_admin' })
  })

  test('makes the one who is named the administrator', async () => {
    const { browser } = await gateway({ adminUserId: 'gwen' })
    await signOn(browser, 'gwen')
    expect(await whoAmI(browser)).toMatchObject({ user_role: 'proxy_admin' })
  })

  test('turns away other domains, those who are blocked, and whoever takes the administrator’s name', async () => {
    const elsewhere = await gateway({ domains: ['acme.example'] })
    expect((await signOn(elsewhere.browser, 'hal')).status).toBe(403)
    expect(await elsewhere.store.users.count({})).toBe(0)
    const { browser, store } = await gateway()
    await store.users.insert(row(userOf({ id: 'ivan', blocked: true })))
    expect((await signOn(browser, 'ivan')).status).toBe(401)
    issuer.people.set('mallory', { preferred_username: 'default_user_id' })
    expect((await signOn(createBrowser((await gateway()).ask), 'mallory')).status).toBe(403)
  })

  test('goes on to the path that was asked for, and to no other place', async () => {
    const { browser, ask } = await gateway()
    const back = await signOn(browser, 'ada', '/sso/key/generate?return_to=%2Fui%2F%3Fpage%3Dusage')
    expect(back.headers.get('location')).toBe('/ui/?page=usage')
    for (const evil of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/.//evil.example',
      '\\/evil',
      '/\t/evil',
    ])
      expect((await ask(`${home}/sso/key/generate?return_to=${encodeURIComponent(evil)}`, {})).status).toBe(400)
  })
})

describe('a callback that is not right', () => {
  async function readyToReturn() {
    const all = await gateway()
    const sent = await all.browser.get(`${home}/sso/key/generate`)
    const url = await agreeAtProvider(all.browser, sent.headers.get('location') ?? '', 'ada', `${home}/sso/callback`)
    return { ...all, url }
  }

  test('with another state is refused, and so is one of another browser', async () => {
    const { browser, ask, url } = await readyToReturn()
    const other = new URL(url)
    other.searchParams.set('state', 'made-up')
    expect((await browser.get(other.href)).status).toBe(401)
    expect((await ask(url.href, {})).status).toBe(401)
    expect((await browser.get(url.href)).status).toBe(302)
  })

  test('that comes twice is refused the second time', async () => {
    const { ask, browser, url } = await readyToReturn()
    const cookie = `turnpike_sign_on=${browser.cookies.get('turnpike_sign_on')}`
    expect((await ask(url.href, { headers: { cookie } })).status).toBe(302)
    const again = await ask(url.href, { headers: { cookie } })
    expect(again.status).toBe(401)
    expect(again.headers.getSetCookie()).toEqual([])
  })

  test('with a cookie that was changed, or is older than ten minutes, is refused', async () => {
    const { ask, browser, state, url } = await readyToReturn()
    const good = browser.cookies.get('turnpike_sign_on') ?? ''
    const [body = '', signature] = good.split('.')
    const changed = JSON.parse(Buffer.from(body, 'base64url').toString())
    const forged = Buffer.from(JSON.stringify({ ...changed, returnTo: 'https://evil.example' })).toString('base64url')
    for (const bad of [`${forged}.${signature}`, `${forged}.`, 'x', '.'])
      expect((await ask(url.href, { headers: { cookie: `turnpike_sign_on=${bad}` } })).status).toBe(401)
    state.skew = 600_001
    expect((await browser.get(url.href)).status).toBe(401)
  })

  test('with a code that the provider does not know says so without naming it', async () => {
    const { browser, url } = await readyToReturn()
    url.searchParams.set('code', 'canary-code')
    const refused = await browser.get(url.href)
    const text = await refused.text()
    expect(refused.status).toBe(401)
    expect(text).toContain('invalid_grant')
    expect(text).not.toContain('canary')
  })

  test('that brings an error of the provider is refused', async () => {
    const { browser, url } = await readyToReturn()
    url.searchParams.delete('code')
    url.searchParams.set('error', 'access_denied')
    expect(await (await browser.get(url.href)).text()).toContain('access_denied')
  })

  test('is 503 while the provider cannot be asked', async () => {
    const provider = { issuer: 'http://127.0.0.1:1', authorizationUrl: 'http://127.0.0.1:1/auth' }
    expect((await (await gateway({ provider })).browser.get(`${home}/sso/key/generate`)).status).toBe(503)
  })
})

describe('logging in with a password', () => {
  const json = (ask: Awaited<ReturnType<typeof gateway>>['ask'], body: unknown, headers: Record<string, string> = {}) =>
    ask(`${home}/v2/login`, { method: 'POST', body: JSON.stringify(body), headers })

  test('lets the administrator in with the master key, and nobody with another', async () => {
    const { ask, browser } = await gateway()
    const back = await browser.post(`${home}/login`, { username: 'admin', password: 'sk-master-of-the-house' })
    expect([back.status, back.headers.get('location')]).toEqual([303, '/ui/?login=success'])
    expect(await whoAmI(browser)).toMatchObject({ user_id: 'default_user_id', user_role: 'proxy_admin' })
    expect((await json(ask, { username: 'admin', password: 'sk-1234' })).status).toBe(401)
    expect((await json(ask, { username: 'root', password: 'sk-master-of-the-house' })).status).toBe(401)
    expect((await json(ask, { username: 'admin' })).status).toBe(400)
  })

  test('lets a user in with the password of their own, by id or address', async () => {
    const { ask, store, passwords } = await gateway()
    await store.users.insert(row(userOf({ id: 'ada', email: 'ada@example.com' })))
    expect((await json(ask, { username: 'ada', password: '' })).status).toBe(401)
    await passwords.set('ada', 'correct horse')
    await passwords.set('ada', 'battery staple')
    expect((await json(ask, { username: 'ada', password: 'correct horse' })).status).toBe(401)
    expect(await (await json(ask, { username: 'Ada@example.com', password: 'battery staple' })).json()).toEqual({
      redirect_url: '/ui/?login=success',
    })
    expect(JSON.stringify(await allOf(store.settings))).not.toContain('staple')
  })

  test('is slowed down per name and per source, and success does not count', async () => {
    const { ask, state } = await gateway()
    const status = async (username: string, password = 'wrong') => (await json(ask, { username, password })).status
    for (let i = 0; i < 6; i++) expect(await status('admin', 'sk-master-of-the-house')).toBe(200)
    for (let i = 0; i < 5; i++) expect(await status('admin')).toBe(401)
    expect(await status('ADMIN')).toBe(429)
    expect(await status('admin', 'sk-master-of-the-house')).toBe(429)
    for (let i = 0; i < 3; i++) expect(await status(`other ${i}`)).toBe(401)
    expect(await status('one more')).toBe(429)
    state.source = '192.0.2.2'
    expect(await status('one more')).toBe(401)
    state.skew = 900_001
    expect(await status('admin', 'sk-master-of-the-house')).toBe(200)
  })

  test('is refused when another site’s page asks for it', async () => {
    const { ask } = await gateway()
    const body = { username: 'admin', password: 'sk-master-of-the-house' }
    expect((await json(ask, body, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await json(ask, body, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await json(ask, body, { origin: 'null' })).status).toBe(403)
    expect((await json(ask, body, { origin: home })).status).toBe(200)
  })
})

describe('a session', () => {
  async function signedOn() {
    const all = await gateway()
    await all.browser.post(`${home}/login`, { username: 'admin', password: 'sk-master-of-the-house' })
    const secret = all.browser.cookies.get('turnpike_session') ?? ''
    return { ...all, secret, cookie: { cookie: `a=b; turnpike_session=${secret}` } }
  }

  test('ends by logging out, which only a page of the gateway can ask for', async () => {
    const { ask, cookie, browser, store } = await signedOn()
    const out = (headers: Record<string, string>) =>
      ask(`${home}/logout`, { method: 'POST', headers: { ...cookie, ...headers } })
    expect((await out({})).status).toBe(403)
    expect((await out({ 'sec-fetch-site': 'same-site' })).status).toBe(403)
    expect((await whoAmI(browser)).user_id).toBe('default_user_id')
    expect(await (await out({ 'sec-fetch-site': 'same-origin' })).json()).toEqual({ redirect_url: '/ui/login' })
    expect(await store.sessions.count({})).toBe(0)
    expect((await browser.get(`${home}/session`)).status).toBe(401)
  })

  test('ends by the clock, and its row goes when the next one begins', async () => {
    const { browser, state, store, ask } = await signedOn()
    state.skew = 86_400_001
    expect((await browser.get(`${home}/session`)).status).toBe(401)
    await createBrowser(ask).post(`${home}/login`, { username: 'admin', password: 'sk-master-of-the-house' })
    expect(await store.sessions.count({})).toBe(1)
  })

  test('ends when its user is blocked or removed', async () => {
    const { browser, store } = await signedOn()
    await store.users.change('default_user_id', (old) => ({ ...old, value: { ...old.value, blocked: true } }))
    expect((await browser.get(`${home}/session`)).status).toBe(401)
    await store.users.remove(['default_user_id'])
    expect((await browser.get(`${home}/session`)).status).toBe(401)
  })

  test('is not opened by its hash', async () => {
    const { ask, store } = await signedOn()
    const [hash] = (await allOf(store.sessions)).map(({ id }) => id)
    expect((await ask(`${home}/session`, { headers: { cookie: `turnpike_session=${hash}` } })).status).toBe(401)
  })
})

describe('readiness', () => {
  test('says which provider is there', async () => {
    const { ask } = await gateway()
    expect(await (await ask(`${home}/sso/readiness`, {})).json()).toEqual({
      status: 'healthy',
      sso_configured: true,
      provider: 'generic',
    })
  })
})
