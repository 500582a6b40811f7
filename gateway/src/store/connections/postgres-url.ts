import { GatewayError } from 'turnpike-core/internal/kernel/faults'

/**
 * The URL as its author means it: `sslmode` is read as the server's own tools read it (`require` encrypts without asking who answers),
 * which the driver does only when told: https://github.com/brianc/node-postgres/tree/master/packages/pg-connection-string
 */
export function postgresUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^postgres(?:ql)?:\/\//.test(text))
    throw new GatewayError(
      'misconfigured',
      'The URL of the database must be of the form postgresql://user:password@host:5432/name, with special characters in the password as %XX.',
    )
  const mode = url.searchParams.get('sslmode')
  if (mode === null || mode === 'no-verify' || url.searchParams.has('uselibpqcompat')) return text
  url.searchParams.set('uselibpqcompat', 'true')
  return url.href
}
