/** How a call proves who pays: which header, filled with what. */
export type CredentialKind =
  | { readonly kind: 'bearer' }
  /** a secret that begins with `tokenPrefix` is an access token and goes as `Authorization: Bearer` instead */
  | { readonly kind: 'header'; readonly name: string; readonly prefix?: string; readonly tokenPrefix?: string }
  | { readonly kind: 'azure' }
  | { readonly kind: 'none' }
