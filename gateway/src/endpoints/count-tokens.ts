import { callOf, vendorHeadersOf } from 'turnpike-core/internal/client/call'
import { compile, formatFor } from 'turnpike-core/internal/client/compile'
import type { RequestPath } from 'turnpike-core/internal/formats/format'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'
import type { House } from '../house.ts'
import { estimateRequest } from '../pipeline/estimate-request.ts'
import { resolve } from '../pipeline/resolve.ts'
import type { Route, RouteCall } from '../pipeline/route.ts'

/** Milliseconds for the provider's own count before ours has to do. */
const patienceMs = 10_000

/** Counting without calling: by the provider where it speaks the caller's format, else by estimate. */
export const countRoutes: readonly Route[] = [
  {
    kind: 'route',
    id: 'messages.count-tokens',
    method: 'POST',
    paths: ['/v1/messages/count_tokens', '/anthropic/v1/messages/count_tokens'],
    policy: 'key',
    groups: ['llm_api_routes', 'anthropic_routes'],
    errors: 'anthropic-messages',
    handle: (call, house) =>
      count(call, house, {
        format: 'anthropic-messages',
        from: /\/messages$/,
        to: '/messages/count_tokens',
        answer: (tokens) => ({ input_tokens: tokens }),
      }),
  },
  {
    kind: 'route',
    id: 'count-tokens',
    method: 'POST',
    paths: [
      '/v1beta/models/:model+:countTokens',
      '/models/:model+:countTokens',
      '/v1beta1/publishers/google/models/:model:countTokens',
      '/v1/publishers/google/models/:model:countTokens',
    ],
    policy: 'key',
    groups: ['llm_api_routes', 'google_routes'],
    errors: 'gemini',
    handle: (call, house) =>
      count(call, house, {
        format: 'gemini',
        path: { model: call.params.model ?? '', stream: false },
        from: /:generateContent$/,
        to: ':countTokens',
        answer: (tokens) => ({ totalTokens: tokens }),
      }),
  },
]

interface Counting {
  readonly format: FormatId
  readonly path?: RequestPath
  /** the piece of the provider's URL that names the operation, and what counting is called there */
  readonly from: RegExp
  readonly to: string
  readonly answer: (tokens: number) => object
}

async function count({ request, body, principal }: RouteCall, house: House, counting: Counting): Promise<Response> {
  const call = callOf({
    format: counting.format,
    bytes: unwrapped(body ?? new Uint8Array()),
    vendorHeaders: vendorHeadersOf(request.headers),
    ...(counting.path && { path: counting.path }),
  })
  const { group } = resolve(call.model, principal, house)
  const native = group.deployments.find(
    (deployment) => deployment.mock === undefined && formatFor(call.format, deployment) === call.format,
  )
  const exact = native && (await askProvider(native, { ...call, stream: false }, counting, house, request.signal))
  return exact ?? Response.json(counting.answer(estimateRequest(call.request().value)))
}

/** Google's SDK wraps the request it wants counted in `generateContentRequest`. */
function unwrapped(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(bytes)
  if (!text.includes('"generateContentRequest"')) return bytes
  try {
    const inner = (JSON.parse(text) as { generateContentRequest?: unknown }).generateContentRequest
    return inner === undefined ? bytes : new TextEncoder().encode(JSON.stringify(inner))
  } catch {
    return bytes
  }
}

async function askProvider(
  deployment: Deployment,
  call: ReturnType<typeof callOf>,
  { from, to }: Counting,
  house: House,
  signal: AbortSignal,
): Promise<Response | undefined> {
  try {
    const { url, headers, body } = compile(call, deployment)
    const response = await house.fetch(url.replace(from, to), {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: body as Uint8Array<ArrayBuffer>,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
    })
    if (!response.ok) {
      await response.body?.cancel()
      return undefined
    }
    return new Response(await response.arrayBuffer(), { headers: { 'content-type': 'application/json' } })
  } catch {
    return undefined
  }
}
