import { GatewayError } from 'turnpike-core/internal/kernel/faults'

/** Headers that carry a bare key, in the order in which they are looked at. */
const bareHeaders = ['api-key', 'x-api-key', 'x-goog-api-key', 'ocp-apim-subscription-key'] as const

const scheme = /^(?:bearer|basic)\s+(\S.*)$/i

/**
 * The key that a request presents, from the headers of any of the formats; the first match wins. `query` is given only on routes
 * that take `?key=`. With `headerName` (`general_settings.litellm_key_header_name`) only that header counts.
 * Throws `invalid-key` where a scheme is needed and missing.
 */
export function presentedKey(headers: Headers, query?: URLSearchParams, headerName?: string): string | undefined {
  if (headerName !== undefined) return withScheme(headers.get(headerName))
  const own = headers.get('x-litellm-api-key')
  if (own) return scheme.exec(own)?.[1] ?? own
  const authorization = headers.get('authorization')
  if (authorization !== null) return withScheme(authorization)
  for (const name of bareHeaders) {
    const value = headers.get(name)
    if (value) return value
  }
  return query?.get('key') || undefined
}

function withScheme(value: string | null): string | undefined {
  if (value === null) return undefined
  const key = scheme.exec(value)?.[1]
  if (key === undefined)
    throw new GatewayError(
      'invalid-key',
      'Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix.',
      { kind: 'auth_error' },
    )
  return key
}
