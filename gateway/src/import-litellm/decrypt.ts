import { createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import { isArray, isObject, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'
import nacl from 'tweetnacl'

/** Opens one encrypted text: `undefined` when it is encrypted and this key does not open it; a plain text is itself. */
export type OpenText = (text: string) => string | undefined

/*
 * LiteLLM's framings, told apart by a prefix (litellm/proxy/common_utils/encrypt_decrypt_utils.py):
 *   without one   base64 of what NaCl's SecretBox writes: 24 bytes nonce, 16 bytes tag, ciphertext; key: SHA-256 of the salt key
 *   v2:gcm:       base64url of 12 bytes nonce, AES-256-GCM ciphertext, 16 bytes tag; the same key
 *   v3:gcm:       the same with a key of HKDF-SHA256 without salt, info `litellm-at-rest-v3`
 * https://github.com/BerriAI/litellm/blob/main/litellm/proxy/common_utils/encrypt_decrypt_utils.py
 * https://pynacl.readthedocs.io/en/latest/secret/
 */
const hkdfInfo = 'litellm-at-rest-v3'
const gcm = /^(v[23]):gcm:(.*)$/s
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/
const gcmNonce = 12
const gcmTag = 16
const boxLeast = nacl.secretbox.nonceLength + nacl.secretbox.overheadLength

/** Opens what LiteLLM encrypted with a salt key (its master key where none was set). Without a key nothing that is encrypted opens. */
export function openTextWith(saltKey: string | undefined): OpenText {
  if (saltKey === undefined || saltKey === '') return (text) => (looksEncrypted(text) ? undefined : text)
  const plainKey = createHash('sha256').update(saltKey).digest()
  const derivedKey = new Uint8Array(hkdfSync('sha256', saltKey, '', hkdfInfo, 32))
  return (text) => {
    const [, version, body] = gcm.exec(text) ?? []
    if (body !== undefined) return openGcm(Buffer.from(body, 'base64url'), version === 'v3' ? derivedKey : plainKey)
    return looksEncrypted(text) ? openBox(Buffer.from(text, 'base64'), plainKey) : text
  }
}

/** Nothing shorter than nonce and tag can be a box; what is no base64 is none either. */
function looksEncrypted(text: string): boolean {
  if (gcm.test(text)) return true
  return base64.test(text) && Buffer.from(text, 'base64').length >= boxLeast
}

function openBox(body: Uint8Array, key: Uint8Array): string | undefined {
  const nonce = new Uint8Array(body.subarray(0, nacl.secretbox.nonceLength))
  const opened = nacl.secretbox.open(new Uint8Array(body.subarray(nonce.length)), nonce, new Uint8Array(key))
  return opened ? Buffer.from(opened).toString('utf8') : undefined
}

function openGcm(body: Uint8Array, key: Uint8Array): string | undefined {
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, gcmNonce), { authTagLength: gcmTag })
    cipher.setAuthTag(body.subarray(-gcmTag))
    return Buffer.concat([cipher.update(body.subarray(gcmNonce, -gcmTag)), cipher.final()]).toString('utf8')
  } catch {
    // what went wrong inside may tell of the bytes
    return undefined
  }
}

/** An object with its texts opened, and the paths of those that did not open. */
export interface Opened {
  readonly value: JsonObject
  readonly closed: readonly string[]
}

/** Opens every text of an object. Deeper ones are encrypted by some versions only: there a text that does not open stays. */
export function openObject(object: JsonObject, open: OpenText): Opened {
  const closed: string[] = []
  const deeper = (value: Json): Json => {
    if (typeof value === 'string') return open(value) ?? (gcm.test(value) ? '' : value)
    if (isArray(value)) return value.map(deeper)
    return isObject(value) ? members(value, (_, member) => deeper(member)) : value
  }
  const value = members(object, (name, member) => {
    if (typeof member !== 'string') return deeper(member)
    const text = open(member)
    if (text === undefined) closed.push(name)
    return text ?? ''
  })
  return { value, closed }
}

/** Every member that says something, changed. */
function members(object: JsonObject, change: (name: string, member: Json) => Json): JsonObject {
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, member]) =>
      member === undefined || member === null ? [] : [[name, change(name, member)]],
    ),
  )
}
