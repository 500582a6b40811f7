/** The cookie that a session is kept in. */
export const sessionCookie = 'turnpike_session'
/** The cookie that somebody carries to the identity provider and back. */
export const flowCookie = 'turnpike_sign_on'

/** The value of a cookie in a request. */
export function cookieIn(headers: Headers, wanted: string): string | undefined {
  for (const part of headers.get('cookie')?.split(';') ?? []) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === wanted) return part.slice(at + 1).trim() || undefined
  }
  return undefined
}

/** A `Set-Cookie` that no script reads and no other site sends along, but for links; without a value it takes the cookie away. */
export function cookie(
  name: string,
  value: string | undefined,
  of: { readonly path: string; readonly maxAgeMs: number; readonly secure: boolean },
): string {
  const age = value === undefined ? 0 : Math.floor(of.maxAgeMs / 1000)
  return `${name}=${value ?? ''}; Path=${of.path}; Max-Age=${age}; HttpOnly; SameSite=Lax${of.secure ? '; Secure' : ''}`
}
