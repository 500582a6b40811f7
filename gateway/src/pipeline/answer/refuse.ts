import { formatOf } from 'turnpike-core/internal/formats/index'
import type { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'
import type { Endpoint, Knock } from '../route.ts'

/**
 * The failure in the caller's own format; a provider's own words verbatim where it speaks that format. `own` are headers that tell
 * of the caller's key and limits.
 */
export function refuse(
  error: GatewayError,
  knock: Pick<Knock, 'endpoint' | 'callId'>,
  own: Readonly<Record<string, string>> = {},
): Response {
  const format = formatOfErrors(knock.endpoint)
  const headers: Record<string, string> = {
    ...own,
    ...error.detail.headers,
    'content-type': 'application/json',
    'x-litellm-call-id': knock.callId,
  }
  if (error.retryAfterMs !== undefined)
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)))
  else if (error.status === 503) headers['retry-after'] = '1'
  const { upstream } = error.detail
  if (upstream && upstream.format === format && upstream.status === error.status && upstream.body.length > 0) {
    const type = upstream.headers.get('content-type')
    if (type) headers['content-type'] = type
    for (const name of verbatim) {
      const value = upstream.headers.get(name)
      if (value !== null) headers[name] = value
    }
    return new Response(upstream.body as Uint8Array<ArrayBuffer>, { status: upstream.status, headers })
  }
  const body = formatOf(format).server.writeError(error)
  const detail = knock.endpoint.kind === 'route' && knock.endpoint.detail ? { detail: { error: error.message } } : {}
  return new Response(JSON.stringify({ ...body, ...detail }), { status: error.status, headers })
}

/** Headers of a provider's error that clients act on. */
const verbatim = ['retry-after', 'retry-after-ms', 'request-id', 'x-request-id', 'x-should-retry', 'www-authenticate']

export function formatOfErrors(endpoint: Endpoint): FormatId {
  return endpoint.kind === 'surface' ? endpoint.format : endpoint.errors
}
