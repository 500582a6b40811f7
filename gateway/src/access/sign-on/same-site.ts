/**
 * Whether a browser sent a request from one of our own pages; undefined where it does not say, as callers that are no browsers do not
 * (https://www.w3.org/TR/fetch-metadata/, https://www.rfc-editor.org/rfc/rfc6454#section-7).
 */
export function fromOwnPage(headers: Headers, publicUrl: string | undefined): boolean | undefined {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = headers.get('origin')
  if (origin === null) return undefined
  if (publicUrl !== undefined) return origin === new URL(publicUrl).origin
  const host = headers.get('host')
  return host !== null && origin.replace(/^https?:\/\//, '') === host
}
