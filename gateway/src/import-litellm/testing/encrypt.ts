import { createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import nacl from 'tweetnacl'

/** A text as LiteLLM encrypts it: the older framing. */
export function boxed(text: string, saltKey: string): string {
  const nonce = randomBytes(24)
  const key = createHash('sha256').update(saltKey).digest()
  const box = nacl.secretbox(new Uint8Array(Buffer.from(text)), new Uint8Array(nonce), new Uint8Array(key))
  return Buffer.concat([nonce, box]).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

/** A text as newer versions encrypt it. */
export function gcmSealed(text: string, saltKey: string, version: 'v2' | 'v3'): string {
  const key =
    version === 'v2'
      ? createHash('sha256').update(saltKey).digest()
      : new Uint8Array(hkdfSync('sha256', saltKey, '', 'litellm-at-rest-v3', 32))
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const body = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  const padded = body.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
  return `${version}:gcm:${padded}`
}
