import { describe, expect, test } from 'bun:test'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { createSealing } from './create-sealing.ts'

const secret = 'sk-a-secret-of-äöü-🔑'
const of = (...secrets: string[]) => createSealing({ keys: secrets.map((one) => ({ secret: one })) })

function refusal(act: () => unknown): GatewayError {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
  throw new Error('it was done')
}

describe('sealing', () => {
  test('gives back what was sealed, also when it is empty', () => {
    for (const text of [secret, '']) expect(of('salt').open(of('salt').seal(text))).toBe(text)
  })

  test('says its version and its key, and never the same twice', () => {
    const [once, again] = [of('salt').seal(secret), of('salt').seal(secret)]
    expect(once).toMatch(/^sealed:v1:[0-9a-f]{8}:[\w-]+$/)
    expect(again).not.toBe(once)
    expect(again.split(':')[2]).toBe(once.split(':')[2] as string)
    expect(of('salt').isSealed(once)).toBe(true)
    expect(of('salt').isSealed('sk-plain')).toBe(false)
  })

  test('of another secret has another key, and does not open', () => {
    const sealed = of('salt').seal(secret)
    const error = refusal(() => of('other').open(sealed))
    expect(error.code).toBe('misconfigured')
    expect(error.message).toContain(sealed.split(':')[2] as string)
    expect(error.message).not.toContain(secret)
  })

  test('with several secrets opens what each of them sealed, and seals with the first', () => {
    const both = of('new', 'old')
    const before = of('old').seal(secret)
    expect(both.open(before)).toBe(secret)
    const after = both.seal(secret)
    expect(of('new').open(after)).toBe(secret)
    expect(() => of('old').open(after)).toThrow()
  })

  test('notices every changed byte', () => {
    const sealed = of('salt').seal(secret)
    const at = sealed.lastIndexOf(':') + 1
    const body = Buffer.from(sealed.slice(at), 'base64url')
    for (let byte = 0; byte < body.length; byte++) {
      const changed = Buffer.from(body)
      changed.writeUInt8(changed.readUInt8(byte) ^ 1, byte)
      expect(refusal(() => of('salt').open(sealed.slice(0, at) + changed.toString('base64url'))).code).toBe(
        'misconfigured',
      )
    }
  })

  test.each(['sealed:v1:', 'sealed:v1:00000000:', 'sealed:v2:00000000:AAAA', 'sk-plain', ''])(
    'does not open %p',
    (text) => {
      expect(refusal(() => of('salt').open(text)).code).toBe('misconfigured')
    },
  )

  test('does not open what is cut short', () => {
    const sealed = of('salt').seal(secret)
    const at = sealed.lastIndexOf(':') + 1
    for (const length of [1, 8, 20, 30]) expect(() => of('salt').open(sealed.slice(0, at + length))).toThrow()
  })

  test('needs a secret', () => {
    expect(refusal(() => of()).code).toBe('misconfigured')
    expect(refusal(() => of('')).code).toBe('misconfigured')
  })
})
