import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { Provider } from 'oidc-provider'

/** An OpenID provider that runs on this machine; its keys can be exchanged while it runs. */
export interface Issuer {
  readonly url: string
  readonly client: { readonly id: string; readonly secret: string; readonly redirectUri: string }
  readonly people: Map<string, Readonly<Record<string, unknown>>>
  /** how often its keys were asked for */
  readonly asked: () => number
  /** what `/jwks` answers while it is said to be down */
  down: boolean
  /** signs with new keys and publishes no others */
  rotate(): Promise<void>
  /** an access token as a JWT of a machine, with these claims */
  machineToken(claims?: Readonly<Record<string, unknown>>): Promise<string>
  close(): Promise<void>
}

export const audience = 'https://gateway.example'

export async function startIssuer(redirectUri = 'http://127.0.0.1:4000/sso/callback'): Promise<Issuer> {
  const people = new Map<string, Readonly<Record<string, unknown>>>()
  const client = { id: 'the-gateway', secret: 'a secret of forty characters or even more', redirectUri }
  let asked = 0
  let extra: Readonly<Record<string, unknown>> = {}
  let answer: ReturnType<Provider['callback']> = async () => {}
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/jwks')) {
      asked++
      if (issuer.down) {
        response.statusCode = 503
        response.end()
        return
      }
    }
    void answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function rotate(): Promise<void> {
    const keys = await Promise.all(['RS256', 'ES256'].map(newKey))
    answer = new Provider(url, configuration({ client, keys, people, claims: () => extra })).callback()
  }

  const issuer: Issuer = {
    url,
    client,
    people,
    asked: () => asked,
    down: false,
    rotate,
    async machineToken(claims = {}) {
      extra = claims
      const response = await fetch(`${url}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${client.id}:${encodeURIComponent(client.secret)}`)}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
      })
      const body = (await response.json()) as { access_token?: string }
      if (body.access_token === undefined) throw new Error(JSON.stringify(body))
      return body.access_token
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  await rotate()
  return issuer
}

async function newKey(alg: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: crypto.randomUUID() }
}

function configuration(of: {
  readonly client: Issuer['client']
  readonly keys: readonly JWK[]
  readonly people: Issuer['people']
  readonly claims: () => Readonly<Record<string, unknown>>
}): object {
  return {
    clients: [
      {
        client_id: of.client.id,
        client_secret: of.client.secret,
        redirect_uris: [of.client.redirectUri],
        grant_types: ['authorization_code', 'client_credentials'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: of.keys },
    cookies: { keys: ['one', 'two'] },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['preferred_username', 'name', 'role', 'groups'],
    },
    findAccount: (_: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({
        sub,
        preferred_username: sub,
        email: `${sub}@example.com`,
        email_verified: true,
        ...of.people.get(sub),
      }),
    }),
    extraTokenClaims: () => of.claims(),
    pkce: { required: () => false },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: '',
          audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 100_000,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  }
}
