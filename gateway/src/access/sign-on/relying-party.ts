import * as oidc from 'openid-client'
import type { Fetch } from 'turnpike-core/internal/client/send'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { isObject, type JsonObject } from 'turnpike-core/internal/kernel/json'
import type { SignOnProvider } from '../../config/governance.ts'
import { fetchJson } from '../tokens/fetch-json.ts'
import { unavailable } from '../tokens/key-set.ts'
import type { Flow } from './flow.ts'

/** A provider with what can be said of it beyond its endpoints. */
export interface SignOnRow extends SignOnProvider {
  /** claim that names teams which whoever signs on joins */
  readonly teamsClaim?: string | undefined
}

/** Our side of an identity provider: sends people there and takes them back. */
export interface RelyingParty {
  start(flow: Flow, redirectUri: string): Promise<URL>
  /** The claims of whoever came back to `url`. Throws `invalid-key`, or `store-down` while the provider cannot be asked. */
  finish(url: URL, flow: Flow): Promise<JsonObject>
}

const deadlineSeconds = 5

export function createRelyingParty(row: SignOnRow, ports: { readonly fetch: Fetch }): RelyingParty {
  let known: Promise<oidc.Configuration> | undefined

  function configuration(): Promise<oidc.Configuration> {
    known ??= configure(row, ports).catch((cause: unknown) => {
      known = undefined
      throw unavailable(cause)
    })
    return known
  }

  async function userinfo(config: oidc.Configuration, token: string): Promise<JsonObject> {
    const url = config.serverMetadata().userinfo_endpoint
    if (url === undefined || url === '') return {}
    const told = await fetchJson(ports, url, { authorization: `Bearer ${token}` }).catch((cause: unknown) => {
      throw unavailable(cause)
    })
    if (!told.ok) throw notAccepted('it does not say who signed on')
    return told.body
  }

  return {
    async start(flow, redirectUri) {
      return oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: row.scope,
        state: flow.state,
        nonce: flow.nonce,
        ...(row.usePkce
          ? { code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier), code_challenge_method: 'S256' }
          : {}),
      })
    },
    async finish(url, flow) {
      const config = await configuration()
      // without its discovery document nobody knows how the provider calls itself
      if (row.issuer === undefined) url.searchParams.delete('iss')
      const tokens = await oidc
        .authorizationCodeGrant(config, url, {
          expectedState: flow.state,
          ...(row.usePkce ? { pkceCodeVerifier: flow.verifier } : {}),
          ...(row.issuer === undefined ? {} : { expectedNonce: flow.nonce, idTokenExpected: true }),
        })
        .catch((thrown: unknown) => {
          throw complaintOf(thrown)
        })
      const signed = tokens.claims() as JsonObject | undefined
      const told = await userinfo(config, tokens.access_token)
      // https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse: another subject's answer must not be used
      if (signed && told.sub !== undefined && told.sub !== signed.sub) throw notAccepted('it speaks of two people')
      return { ...told, ...signed }
    },
  }
}

async function configure(row: SignOnRow, ports: { readonly fetch: Fetch }): Promise<oidc.Configuration> {
  const ask: oidc.CustomFetch = (url, options) => ports.fetch(url, options as RequestInit)
  const config = new oidc.Configuration(await metadataOf(row, ask), row.clientId, undefined, clientAuth(row))
  // whoever signed on is told by the userinfo endpoint: an ID token of an issuer that is not known proves nothing
  config[oidc.customFetch] =
    row.issuer === undefined ? async (url, options) => withoutIdToken(await ask(url, options)) : ask
  config.timeout = deadlineSeconds
  if ([row.authorizationUrl, row.tokenUrl, row.userinfoUrl].some(isPlain)) oidc.allowInsecureRequests(config)
  return config
}

/** What is known of the provider's server; where an issuer is named, its discovery document says where the keys of ID tokens are. */
async function metadataOf(row: SignOnRow, ask: oidc.CustomFetch): Promise<oidc.ServerMetadata> {
  const endpoints = {
    authorization_endpoint: row.authorizationUrl,
    token_endpoint: row.tokenUrl,
    userinfo_endpoint: row.userinfoUrl,
  }
  if (row.issuer === undefined) return { issuer: new URL(row.authorizationUrl).origin, ...endpoints }
  const found = await oidc.discovery(new URL(row.issuer), row.clientId, undefined, clientAuth(row), {
    [oidc.customFetch]: ask,
    timeout: deadlineSeconds,
    execute: isPlain(row.issuer) ? [oidc.allowInsecureRequests] : [],
  })
  const { supportsPKCE: _, ...known } = found.serverMetadata()
  return { ...known, ...endpoints }
}

function clientAuth({ clientSecret }: SignOnRow): oidc.ClientAuth {
  return clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(clientSecret)
}

/** An address without TLS, which only an operator can have written down. */
function isPlain(url: string): boolean {
  return url.startsWith('http:')
}

async function withoutIdToken(response: Response): Promise<Response> {
  if (!response.ok) return response
  const body: unknown = await response.json()
  if (!isObject(body)) throw new Error('the token endpoint did not answer with an object')
  const { id_token: _, ...rest } = body
  return Response.json(rest)
}

function complaintOf(thrown: unknown): GatewayError {
  if (thrown instanceof oidc.AuthorizationResponseError || thrown instanceof oidc.ResponseBodyError)
    return notAccepted(/^\w{1,64}$/.test(thrown.error) ? `it answered ${thrown.error}` : 'it refused')
  if (thrown instanceof oidc.ClientError && thrown.code !== 'OAUTH_TIMEOUT' && thrown.code !== 'OAUTH_ABORT')
    return notAccepted('its answer does not fit what was asked')
  return unavailable(thrown)
}

function notAccepted(why: string): GatewayError {
  return new GatewayError(
    'invalid-key',
    `Authentication Error, signing on did not succeed at the identity provider: ${why}.`,
    {
      kind: 'auth_error',
    },
  )
}
