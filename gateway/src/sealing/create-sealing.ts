import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Sealing } from './sealing.ts'

/** Secrets that things are sealed with: the first seals, every one of them opens. */
export interface SealingKeys {
  readonly keys: readonly { readonly secret: string }[]
}

interface Key {
  readonly id: string
  readonly bytes: Uint8Array
}

/** What comes before the key's id; the version says how the rest is to be read. */
const prefix = 'sealed:v1:'
const shape = /^sealed:v1:([0-9a-f]{8}):([\w-]+)$/
const nonceBytes = 12
const tagBytes = 16

/** Seals as `sealed:v1:KEY-ID:…`, nonce, ciphertext and tag in base64url. Throws `misconfigured` without any secret. */
export function createSealing({ keys: given }: SealingKeys): Sealing {
  const keys = given.filter(({ secret }) => secret !== '').map(({ secret }) => keyOf(secret))
  const [current] = keys
  if (!current)
    throw new GatewayError('misconfigured', 'There is no secret to seal with: set TURNPIKE_SALT_KEY or a master key.')
  const byId = new Map(keys.map((key) => [key.id, key]))
  return {
    seal: (secret) => seal(secret, current),
    open(sealed) {
      const [, id = '', body = ''] = shape.exec(sealed) ?? []
      const key = byId.get(id)
      if (!key)
        throw new GatewayError(
          'misconfigured',
          `A secret is sealed with the key ${id || '(no id)'}, and this gateway has ${[...byId.keys()].join(', ')}: give it the salt key that it was sealed with.`,
        )
      return open(Buffer.from(body, 'base64url'), key)
    },
    isSealed: (text) => text.startsWith(prefix),
  }
}

function keyOf(secret: string): Key {
  const bytes = new Uint8Array(hkdfSync('sha256', secret, 'turnpike', 'sealing v1', 32))
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes }
}

function seal(secret: string, key: Key): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce).setAAD(headOf(key))
  const body = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${prefix}${key.id}:${body.toString('base64url')}`
}

function open(body: Buffer, key: Key): string {
  try {
    const cipher = createDecipheriv('aes-256-gcm', key.bytes, body.subarray(0, nonceBytes), { authTagLength: tagBytes })
    cipher.setAAD(headOf(key)).setAuthTag(body.subarray(-tagBytes))
    const text = cipher.update(body.subarray(nonceBytes, -tagBytes))
    return Buffer.concat([text, cipher.final()]).toString('utf8')
  } catch {
    // what went wrong inside is left out: it may tell of the bytes
    throw new GatewayError(
      'misconfigured',
      `A secret that says it is sealed with the key ${key.id} cannot be opened: it was changed since.`,
    )
  }
}

/** The version and the key are authenticated too, so that neither can be exchanged. */
function headOf({ id }: Key): Uint8Array {
  return Buffer.from(`${prefix}${id}`)
}
