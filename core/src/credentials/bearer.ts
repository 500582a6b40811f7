import type { Secret } from './secret.ts'

/** `Authorization: Bearer …` (RFC 6750). */
export function signBearer(secret: Secret, headers: Headers, url: URL): void {
  headers.set('authorization', `Bearer ${secret.for(url)}`)
}
