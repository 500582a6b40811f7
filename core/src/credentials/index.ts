import { signAzure } from './azure.ts'
import { signBearer } from './bearer.ts'
import { signHeader } from './header.ts'
import type { CredentialKind } from './kind.ts'
import { signNothing } from './none.ts'
import type { Secret } from './secret.ts'

export { hostOf, isBoundTo } from './hosts.ts'
export type { CredentialKind } from './kind.ts'
export { Secret } from './secret.ts'
export { credentialFor, type Environment, type KeyOwner, missingKey, ownHosts } from './source.ts'

type Kind = CredentialKind['kind']
type KindOf<K extends Kind> = CredentialKind & { readonly kind: K }

const signers: { readonly [K in Kind]: (kind: KindOf<K>, secret: Secret, headers: Headers, url: URL) => void } = {
  bearer: (_kind, ...rest) => signBearer(...rest),
  header: signHeader,
  azure: (_kind, ...rest) => signAzure(...rest),
  none: signNothing,
}

/**
 * Puts the credential into the headers of a request to `url`; without one they stay as they are. Throws `misconfigured` when the
 * credential is bound to another host.
 */
export function sign(kind: CredentialKind, secret: Secret | undefined, headers: Headers, url: URL): void {
  if (secret === undefined) return
  const signer = signers[kind.kind] as (kind: CredentialKind, secret: Secret, headers: Headers, url: URL) => void
  signer(kind, secret, headers, url)
}
