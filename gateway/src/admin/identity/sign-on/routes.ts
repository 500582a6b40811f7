import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { isObject, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { cookieIn, sessionCookie } from '../../../access/sign-on/cookies.ts'
import type { Going, SignOn } from '../../../access/sign-on/create-sign-on.ts'
import { fromOwnPage } from '../../../access/sign-on/same-site.ts'
import type { House } from '../../../house.ts'
import type { Route, RouteCall } from '../../../pipeline/route.ts'

export interface SignOnRoutePorts {
  /** the house's way to sign on */
  readonly signOnOf: (house: House) => SignOn
  /** where a request comes from, for counting attempts */
  readonly sourceOf: (call: RouteCall, house: House) => string | undefined
}

type Handle = (call: RouteCall, signOn: SignOn, source: string | undefined) => Promise<Response> | Response

/** Routes by which people sign on and off. None needs a key; what they change is the browser's own session. */
export function createSignOnRoutes({ signOnOf, sourceOf }: SignOnRoutePorts): readonly Route[] {
  function row(id: string, at: `${'GET' | 'POST'} ${string}`, of: { summary: string; handle: Handle }): Route {
    const [method, path = ''] = at.split(' ') as ['GET' | 'POST', string]
    return {
      kind: 'route',
      id,
      method,
      paths: [path],
      policy: 'public',
      groups: ['public_routes'],
      errors: 'openai-chat',
      summary: of.summary,
      handle: (call, house) => of.handle(call, signOnOf(house), sourceOf(call, house)),
    }
  }

  return [
    row('sso.start', 'GET /sso/key/generate', { summary: 'Sends a browser to the identity provider.', handle: start }),
    row('sso.callback', 'GET /sso/callback', {
      summary: 'Takes a browser back from the identity provider.',
      handle: callback,
    }),
    row('sso.readiness', 'GET /sso/readiness', {
      summary: 'Says whether single sign-on is configured.',
      handle: readiness,
    }),
    row('login', 'POST /login', { summary: 'Logs in by user name and password from a form.', handle: logInByForm }),
    row('login.v2', 'POST /v2/login', { summary: 'Logs in by user name and password.', handle: logInByJson }),
    row('logout', 'POST /logout', { summary: 'Ends the session.', handle: logOut }),
    row('session', 'GET /session', { summary: 'Says who is signed on.', handle: session }),
  ]
}

const start: Handle = async ({ query }, signOn) => go(await signOn.start(query))

const callback: Handle = async ({ query, request }, signOn) => go(await signOn.callback(query, request.headers))

const readiness: Handle = (_, { kinds, publicUrl }) => {
  if (kinds.length === 0)
    return Response.json({ status: 'healthy', sso_configured: false, message: 'No identity provider is configured.' })
  if (publicUrl !== undefined)
    return Response.json({ status: 'healthy', sso_configured: true, provider: kinds[0] ?? null })
  const missing = {
    status: 'unhealthy',
    sso_configured: true,
    provider: kinds[0] ?? null,
    missing_environment_variables: ['PROXY_BASE_URL'],
  }
  return Response.json(missing, { status: 503 })
}

const logInByForm: Handle = async (call, signOn, source) => {
  refuseForeign(call, signOn)
  const form = new URLSearchParams(textOf(call))
  return go(await signOn.logIn({ ...credentials(form.get('username'), form.get('password')), source }), 303)
}

const logInByJson: Handle = async (call, signOn, source) => {
  refuseForeign(call, signOn)
  const body = jsonOf(call)
  const going = await signOn.logIn({ ...credentials(body.username, body.password), source })
  return withCookies(Response.json({ redirect_url: going.location }), going)
}

const logOut: Handle = async (call, signOn) => {
  if (fromOwnPage(call.request.headers, signOn.publicUrl) !== true) throw foreign()
  const going = await signOn.logOut(call.request.headers)
  return withCookies(Response.json({ redirect_url: going.location }), going)
}

const session: Handle = async ({ request }, { sessions }) => {
  const secret = cookieIn(request.headers, sessionCookie)
  const found = secret === undefined ? undefined : await sessions.find(secret)
  if (!found?.user)
    throw new GatewayError('missing-key', 'Authentication Error, nobody is signed on.', { kind: 'auth_error' })
  return Response.json(
    {
      user_id: found.user.id,
      user_email: found.user.email ?? null,
      user_alias: found.user.alias ?? null,
      user_role: found.role,
      teams: found.teamIds,
      administers: found.administers,
      expires: new Date(found.expiresAt).toISOString(),
    },
    { headers: { 'cache-control': 'no-store' } },
  )
}

/** Refuses a form that another site's page made a browser send: it would sign people on as somebody else. */
function refuseForeign({ request }: RouteCall, { publicUrl }: SignOn): void {
  if (fromOwnPage(request.headers, publicUrl) === false) throw foreign()
}

function foreign(): GatewayError {
  return new GatewayError('route-denied', 'This must come from a page of the gateway itself.', { kind: 'auth_error' })
}

function go(going: Going, status: 302 | 303 = 302): Response {
  return withCookies(new Response(null, { status, headers: { location: going.location } }), going)
}

function withCookies(response: Response, { cookies }: Going): Response {
  response.headers.set('cache-control', 'no-store')
  for (const one of cookies) response.headers.append('set-cookie', one)
  return response
}

function credentials(name: unknown, password: unknown): { readonly name: string; readonly password: string } {
  if (typeof name === 'string' && typeof password === 'string') return { name, password }
  throw new GatewayError('invalid-request', 'username and password must both be given as text.', {
    param: typeof name === 'string' ? 'password' : 'username',
    kind: 'bad_request_error',
  })
}

function textOf({ body }: RouteCall): string {
  return new TextDecoder().decode(body)
}

function jsonOf(call: RouteCall): JsonObject {
  try {
    const value: unknown = JSON.parse(textOf(call))
    if (isObject(value)) return value
  } catch {
    // told below, without what was sent: it holds a password
  }
  throw new GatewayError('invalid-json', 'The request body is not a JSON object.', { param: 'request_body' })
}
