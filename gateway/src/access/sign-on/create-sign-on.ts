import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { IdentityRules } from '../../config/governance.ts'
import type { User } from '../../vocabulary/tenants.ts'
import { hashMatcher, hashOf } from '../secrets.ts'
import { cookie, cookieIn, flowCookie, sessionCookie } from './cookies.ts'
import { createUsedStates, type Flow, type FlowSeal } from './flow.ts'
import { type Identity, readIdentity } from './identity.ts'
import { newFlow } from './new-flow.ts'
import type { PasswordBook } from './passwords.ts'
import type { Directory } from './people/directory.ts'
import type { RelyingParty, SignOnRow } from './relying-party.ts'
import { returnPath } from './return-path.ts'
import type { Sessions } from './sessions.ts'
import type { Throttle } from './throttle.ts'

export interface SignOnPorts {
  readonly settings: Pick<IdentityRules, 'login' | 'publicUrl' | 'allowedEmailDomains' | 'adminUserId'>
  /** in the order in which they are tried where nobody names one */
  readonly providers: readonly { readonly row: SignOnRow; readonly party: RelyingParty }[]
  readonly directory: Directory
  readonly sessions: Sessions
  readonly passwords: Pick<PasswordBook, 'matches'>
  readonly throttle: Throttle
  readonly seal: FlowSeal
  /** what opens the door of the administrator's login where no password is configured */
  readonly masterKeys: readonly string[]
  readonly now: () => number
}

/** Somewhere to go, and what the browser is to keep. */
export interface Going {
  readonly location: string
  readonly cookies: readonly string[]
}

/** Signing on of people, by an identity provider or a password. */
export interface SignOn {
  readonly sessions: Sessions
  readonly publicUrl: string | undefined
  /** kinds of providers that are configured */
  readonly kinds: readonly string[]
  start(query: URLSearchParams): Promise<Going>
  callback(query: URLSearchParams, headers: Headers): Promise<Going>
  logIn(given: {
    readonly name: string
    readonly password: string
    readonly source: string | undefined
  }): Promise<Going>
  logOut(headers: Headers): Promise<Going>
}

const home = '/ui/?login=success'
const flowMs = 600_000
/** The administrator who logs in by the configured password, as LiteLLM calls it. */
const loginUserId = 'default_user_id'

export function createSignOn(ports: SignOnPorts): SignOn {
  const { settings, providers, directory, sessions, seal, now } = ports
  const { login, publicUrl, adminUserId } = settings
  const secure = publicUrl?.startsWith('https:') ?? false
  const isUnused = createUsedStates(now)
  const isAdminPassword = hashMatcher(
    (login.password === undefined ? ports.masterKeys : [login.password]).filter((secret) => secret !== ''),
  )
  const isAdminName = hashMatcher([login.username])
  const flowPlace = { path: '/sso', maxAgeMs: flowMs, secure }

  async function enter(user: User, location: string, ended: readonly string[] = []): Promise<Going> {
    if (user.blocked) throw refused('blocked-key', `User=${user.id} is blocked.`)
    const { secret } = await sessions.open(user.id)
    return {
      location,
      cookies: [...ended, cookie(sessionCookie, secret, { path: '/', maxAgeMs: login.sessionMs, secure })],
    }
  }

  async function whoHas(name: string, password: string): Promise<User | undefined> {
    // both are compared whatever the first says, so that the time tells nothing
    const [named, proven] = [isAdminName(hashOf(name)), isAdminPassword(hashOf(password))]
    if (named && proven) {
      const id = adminUserId ?? loginUserId
      return (await directory.findUser({ id })) ?? directory.makeUser({ id, role: 'proxy_admin' })
    }
    const user = await directory.findUser({ id: name, email: name.toLowerCase() })
    return (await ports.passwords.matches(user?.id, password)) ? user : undefined
  }

  return {
    sessions,
    publicUrl,
    kinds: providers.map(({ row }) => row.kind),
    async start(query) {
      const returnTo = returnPath(query.get('return_to'), home)
      const wanted = query.get('provider')
      const provider = wanted === null ? providers[0] : providers.find(({ row }) => row.kind === wanted)
      if (!provider) throw noProvider()
      const flow = newFlow({ provider: provider.row.kind, returnTo, expiresAt: now() + flowMs })
      const location = await provider.party.start(flow, redirectUri(publicUrl))
      return { location: location.href, cookies: [cookie(flowCookie, seal.seal(flow), flowPlace)] }
    },
    async callback(query, headers) {
      const flow = flowIn(headers, seal)
      const provider = providers.find(({ row }) => row.kind === flow.provider)
      if (!provider) throw noProvider()
      if (query.get('state') !== flow.state)
        throw refused('invalid-key', 'this is not the answer to what this browser asked.')
      if (!isUnused(flow)) throw refused('invalid-key', 'this answer was used before. Sign on anew.')
      const url = new URL(`${redirectUri(publicUrl)}?${query}`)
      const identity = readIdentity(await provider.party.finish(url, flow), provider.row)
      if (!identity) throw refused('invalid-key', 'the identity provider does not say who signed on.')
      return enter(await welcome(identity, ports), flow.returnTo, [cookie(flowCookie, undefined, flowPlace)])
    },
    async logIn({ name, password, source }) {
      const undo = ports.throttle.attempt(name, source)
      const user = await whoHas(name, password)
      if (!user) throw refused('invalid-key', 'the user name or the password is wrong.')
      undo()
      return enter(user, home)
    },
    async logOut(headers) {
      const secret = cookieIn(headers, sessionCookie)
      if (secret !== undefined) await sessions.close(secret)
      const gone = cookie(sessionCookie, undefined, { path: '/', maxAgeMs: 0, secure })
      return { location: login.logoutUrl ?? '/ui/login', cookies: [gone] }
    },
  }
}

/** The user behind an identity: found, tied to it and kept in step with it, or made. */
async function welcome(identity: Identity, { settings, directory }: SignOnPorts): Promise<User> {
  const { subject, email, name, role } = identity
  const { allowedEmailDomains, adminUserId } = settings
  const domain = email?.slice(email.lastIndexOf('@') + 1)
  if (allowedEmailDomains.length > 0 && (domain === undefined || !allowedEmailDomains.includes(domain)))
    throw refused('route-denied', 'addresses of this domain may not sign on here.')
  // the name of the administrator by password is nobody's to take
  if (subject === loginUserId) throw refused('route-denied', 'this identity may not sign on here.')
  const found = await directory.findUser({ ssoId: subject, id: subject, email })
  const user =
    found ??
    (await directory.makeUser({
      id: subject,
      ssoId: subject,
      email,
      alias: name,
      role: subject === adminUserId ? 'proxy_admin' : role,
    }))
  if (user.blocked) throw refused('blocked-key', `User=${user.id} is blocked.`)
  const change = {
    role: role !== undefined && role !== user.role && user.id !== adminUserId ? role : undefined,
    ssoId: user.ssoId === undefined ? subject : undefined,
  }
  const changed =
    change.role !== undefined || change.ssoId !== undefined ? await directory.changeUser(user.id, change) : user
  for (const id of identity.teamIds) if (await directory.findTeam({ id })) await directory.join(id, user.id)
  return changed ?? user
}

function flowIn(headers: Headers, seal: FlowSeal): Flow {
  const sealed = cookieIn(headers, flowCookie)
  const flow = sealed === undefined ? undefined : seal.open(sealed)
  if (flow) return flow
  throw refused('invalid-key', 'this browser did not begin to sign on here within the last ten minutes.')
}

function redirectUri(publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return `${publicUrl.replace(/\/$/, '')}/sso/callback`
  throw new GatewayError(
    'misconfigured',
    'Single sign-on needs PROXY_BASE_URL: the address of this gateway, as browsers know it, for example https://gateway.example.com.',
  )
}

function noProvider(): GatewayError {
  return new GatewayError(
    'not-found',
    'There is no such identity provider: set GENERIC_CLIENT_ID, GOOGLE_CLIENT_ID or MICROSOFT_CLIENT_ID.',
    { kind: 'not_found_error' },
  )
}

function refused(code: 'invalid-key' | 'blocked-key' | 'route-denied', why: string): GatewayError {
  return new GatewayError(code, `Authentication Error, ${why}`, { kind: 'auth_error' })
}
