import { describe, expect, test } from 'bun:test'
import { type CredentialKind, Secret, sign } from './index.ts'

const url = new URL('https://api.example.com/v1/chat/completions')
const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0ZXN0In0.c2lnbmF0dXJl'

function signed(kind: CredentialKind, value: string): Record<string, string> {
  const headers = new Headers()
  sign(kind, new Secret(value, ['api.example.com']), headers, url)
  return Object.fromEntries(headers.entries())
}

describe('sign', () => {
  test('bearer fills the authorization header', () => {
    expect(signed({ kind: 'bearer' }, 'k1')).toEqual({ authorization: 'Bearer k1' })
  })

  test('header fills the header it names, with its prefix', () => {
    expect(signed({ kind: 'header', name: 'x-api-key' }, 'k1')).toEqual({ 'x-api-key': 'k1' })
    expect(signed({ kind: 'header', name: 'authorization', prefix: 'Key ' }, 'k1')).toEqual({ authorization: 'Key k1' })
  })

  test('header sends access tokens as bearer', () => {
    const kind = { kind: 'header', name: 'x-api-key', tokenPrefix: 'sk-ant-oat' } as const
    expect(signed(kind, 'sk-ant-oat01-x')).toEqual({ authorization: 'Bearer sk-ant-oat01-x' })
    expect(signed(kind, 'sk-ant-api03-x')).toEqual({ 'x-api-key': 'sk-ant-api03-x' })
  })

  test('azure tells a key from a token', () => {
    expect(signed({ kind: 'azure' }, '0123456789abcdef')).toEqual({ 'api-key': '0123456789abcdef' })
    expect(signed({ kind: 'azure' }, jwt)).toEqual({ authorization: `Bearer ${jwt}` })
  })

  test('none and a missing secret leave the headers alone', () => {
    expect(signed({ kind: 'none' }, 'k1')).toEqual({})
    const headers = new Headers()
    sign({ kind: 'bearer' }, undefined, headers, url)
    expect([...headers.keys()]).toEqual([])
  })

  test('no kind signs for a host that the secret is not bound to', () => {
    const kinds: CredentialKind[] = [{ kind: 'bearer' }, { kind: 'header', name: 'x-api-key' }, { kind: 'azure' }]
    for (const kind of kinds) {
      const headers = new Headers()
      expect(() => sign(kind, new Secret('k1', ['other.example']), headers, url)).toThrow('bound to its host')
      expect([...headers.keys()]).toEqual([])
    }
  })
})
