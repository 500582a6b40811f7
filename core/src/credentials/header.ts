import { signBearer } from './bearer.ts'
import type { CredentialKind } from './kind.ts'
import type { Secret } from './secret.ts'

type HeaderKind = CredentialKind & { readonly kind: 'header' }

/** A header of the vendor's own, such as `x-api-key`; access tokens go as bearer where the row tells them apart. */
export function signHeader(kind: HeaderKind, secret: Secret, headers: Headers, url: URL): void {
  const value = secret.for(url)
  if (kind.tokenPrefix !== undefined && value.startsWith(kind.tokenPrefix)) signBearer(secret, headers, url)
  else headers.set(kind.name, `${kind.prefix ?? ''}${value}`)
}
