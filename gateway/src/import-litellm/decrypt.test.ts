import { describe, expect, test } from 'bun:test'
import { openObject, openTextWith } from './decrypt.ts'
import { boxed, gcmSealed } from './testing/encrypt.ts'

const salt = 'sk-salt-of-äöü'
const secret = 'sk-a-provider-key-0123456789'
const open = openTextWith(salt)

describe('what LiteLLM encrypted', () => {
  test('opens in every framing, and only with its own salt key', () => {
    for (const sealed of [boxed(secret, salt), gcmSealed(secret, salt, 'v2'), gcmSealed(secret, salt, 'v3')]) {
      expect(open(sealed)).toBe(secret)
      expect(openTextWith('another')(sealed)).toBeUndefined()
      expect(openTextWith(undefined)(sealed)).toBeUndefined()
    }
  })

  // written by Python: a SecretBox that agrees with NaCl's published vector (https://nacl.cr.yp.to/secretbox.html), and `cryptography`
  test.each([
    'AAECAwQFBgcICQoLDA0ODxAREhMUFRYX_qdEjxMgrq2TIlKzE7r5x4y3-U4ds14782kJnd5Ptg==',
    'AAECAwQFBgcICQoLDA0ODxAREhMUFRYX/qdEjxMgrq2TIlKzE7r5x4y3+U4ds14782kJnd5Ptg==',
    'v2:gcm:AAECAwQFBgcICQoL63wyvXJljqEwtYZ6a03wGwAOr70yhHoNab_YWbafrw==',
    'v3:gcm:AAECAwQFBgcICQoLcCZXpjyMQ9GNRrPMzRElcpcl1OUhMXLsiisbX7EcuQ==',
  ])('opens as Python wrote it: %s', (sealed) => {
    expect(openTextWith('sk-salt-1234')(sealed)).toBe('sk-provider-key')
    const changed = `${sealed.slice(0, -4)}AA==`
    expect(openTextWith('sk-salt-1234')(changed)).toBeUndefined()
  })

  test('is told from plain texts, which stay', () => {
    for (const plain of [
      'openai/gpt-4o',
      'os.environ/OPENAI_API_KEY',
      'https://api.example.com/v1',
      '',
      'x'.repeat(50),
    ])
      expect(open(plain)).toBe(plain)
    expect(open('x'.repeat(64))).toBeUndefined()
  })

  test('is opened member by member, and what stays shut is named and not handed on', () => {
    const { value, closed } = openObject(
      {
        model: boxed('openai/gpt-4o', salt),
        api_key: boxed(secret, 'another'),
        rpm: 5,
        gone: null,
        extra_headers: { 'x-team': 'plain', 'x-key': gcmSealed('inner', salt, 'v3') },
        list: [boxed('a', salt)],
      },
      open,
    )
    expect(value).toEqual({
      model: 'openai/gpt-4o',
      api_key: '',
      rpm: 5,
      extra_headers: { 'x-team': 'plain', 'x-key': 'inner' },
      list: ['a'],
    })
    expect(closed).toEqual(['api_key'])
  })
})
