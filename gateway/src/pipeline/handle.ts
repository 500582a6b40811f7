import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { House } from '../house.ts'
import { addKey } from './answer/headers.ts'
import { refuse } from './answer/refuse.ts'
import { addressOf } from './request/address.ts'
import { readBody } from './request/body.ts'
import { identify } from './request/identify.ts'
import { createMatcher, targetOf } from './request/match.ts'
import type { Endpoint, Knock, Route, Surface } from './route.ts'
import { serve } from './serve.ts'

/** What the runtime knows of a request beyond itself. */
export interface Peer {
  readonly address: string | undefined
}

/** The gateway as one function: web Request in, web Response out, never a throw. */
export type Handler = (request: Request, peer: Peer) => Promise<Response>

export function createHandler(table: readonly Endpoint[], house: House): Handler {
  const match = createMatcher(table)

  return async (request, peer) => {
    const tick = performance.now()
    const { path, query } = targetOf(request.url)
    const id = exchangeId(house.now())
    const callId = callIdOf(request.headers) ?? id
    try {
      const method = request.method === 'HEAD' ? 'GET' : request.method
      const row = match(method, path)
      if (request.headers.get('upgrade') !== null && row.found !== 'nothing') throw noUpgrade()
      if (row.found !== 'endpoint') throw notHere(row, request.method, path)
      const { endpoint, params } = row
      const knock: Knock = {
        request,
        endpoint,
        params,
        query: query === '' ? noQuery : new URLSearchParams(query),
        id,
        callId,
        startedAt: house.now(),
        tick,
        peer: peer.address,
      }
      const response = isSurface(knock)
        ? await serve(knock, house)
        : await answer(knock as Knock & { endpoint: Route }, house)
      return request.method === 'HEAD' ? new Response(null, response) : response
    } catch (thrown) {
      return refuse(asError(thrown, callId, house), { endpoint: elsewhere(path), callId })
    }
  }
}

/** A UUID of version 7 (https://www.rfc-editor.org/rfc/rfc9562#section-5.7): ids that rise with time keep the ledger's index short to write. */
function exchangeId(now: number): string {
  const time = now.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`
}

const noQuery = new URLSearchParams()

function isSurface(knock: Knock): knock is Knock & { readonly endpoint: Surface } {
  return knock.endpoint.kind === 'surface'
}

/** Largest body of a management call. */
const maxManagementBytes = 8 << 20

/** The way of a management call: no model is called, nothing is billed. */
async function answer(knock: Knock & { readonly endpoint: Route }, house: House): Promise<Response> {
  const { endpoint, request, params, query, callId } = knock
  try {
    const principal = await identify(knock, house)
    const address = addressOf(knock, house.config.governance.access.useForwardedFor)
    const body =
      request.method === 'GET' || request.method === 'HEAD'
        ? undefined
        : await readBody(request, { ...house.config.general.body, maxBytes: maxManagementBytes })
    const response = await endpoint.handle({ request, params, query, body, principal, address, callId }, house)
    const headers: Record<string, string> = { 'x-litellm-call-id': callId }
    addKey(headers, principal, house)
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
    return response
  } catch (thrown) {
    return refuse(asError(thrown, callId, house), knock)
  }
}

function asError(thrown: unknown, callId: string, house: House): GatewayError {
  if (isGatewayError(thrown)) return thrown
  house.log(`error ${callId}: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`)
  return new GatewayError('internal', 'Internal server error', { cause: thrown })
}

function notHere(
  row: { found: 'other-method'; methods: readonly string[] } | { found: 'nothing' },
  method: string,
  path: string,
): GatewayError {
  const shown = path.slice(0, 200)
  if (row.found === 'nothing')
    return new GatewayError('not-found', `Not Found: there is no route ${method} ${shown}.`, {
      kind: 'not_found_error',
    })
  return new GatewayError(
    'method-not-allowed',
    `Method Not Allowed: ${shown} takes ${row.methods.join(', ')}, not ${method}.`,
    { kind: 'invalid_request_error' },
  )
}

function noUpgrade(): GatewayError {
  return new GatewayError(
    'upgrade-refused',
    'WebSocket connections are not served here; send the same request by POST.',
    { kind: 'invalid_request_error' },
  )
}

/** A row to write the errors of paths that have none: in the format that such a path suggests. */
function elsewhere(path: string): Endpoint {
  const errors = path.includes('/messages')
    ? 'anthropic-messages'
    : path.includes('/v1beta/')
      ? 'gemini'
      : 'openai-chat'
  return {
    kind: 'route',
    id: 'none',
    method: 'GET',
    paths: [],
    policy: 'public',
    groups: [],
    errors,
    handle: () => new Response(),
  }
}

const decentId = /^[\w.:-]{1,128}$/

function callIdOf(headers: Headers): string | undefined {
  const given = headers.get('x-litellm-call-id')
  return given !== null && decentId.test(given) ? given : undefined
}
