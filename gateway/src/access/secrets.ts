import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** SHA-256 of a secret, hex: what a key is stored and looked up under. */
export function hashOf(secret: string): string {
  return hash('sha256', secret, 'hex')
}

/** A new secret: `sk-` and 16 random bytes. */
export function newSecret(): string {
  return `sk-${randomBytes(16).toString('base64url')}`
}

/** A secret as people may see it: `sk-...` and its last four characters; of a short one, nothing. */
export function nameOf(secret: string): string {
  return `sk-...${lastFour(secret)}`
}

/** The last four characters, where enough stay hidden for that to tell nothing. */
export function lastFour(secret: string): string {
  return secret.length >= 12 ? secret.slice(-4) : '****'
}

const shape = /^[0-9a-f]{64}$/

/** Whether a text is a key's hash rather than its secret. */
export function isHash(text: string): boolean {
  return shape.test(text)
}

/** Tells whether a hash is that of one of these secrets, in a time that does not depend on where they differ. */
export function hashMatcher(secrets: readonly string[]): (hash: string) => boolean {
  const known = secrets.map((secret) => Buffer.from(hashOf(secret)))
  return (presented) => {
    const candidate = Buffer.from(presented)
    let found = false
    for (const own of known) if (own.length === candidate.length && timingSafeEqual(own, candidate)) found = true
    return found
  }
}
