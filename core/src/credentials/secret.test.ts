import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../kernel/faults.ts'
import { hostOf, isBoundTo } from './hosts.ts'
import { Secret } from './secret.ts'

const value = 'sk-canary-0123456789'
const home = new URL('https://api.example.com/v1/chat/completions')

describe('a secret', () => {
  const secret = new Secret(value, ['api.example.com'])

  test('shows itself in no string, JSON, inspection, copy or error', () => {
    const shown = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      Bun.inspect(secret),
      Bun.inspect({ nested: [secret] }),
      JSON.stringify({ ...secret }),
      JSON.stringify(Object.entries(secret)),
      new Error(`with ${secret}`).message,
    ]
    for (const text of shown) expect(text).not.toContain('canary')
    expect(String(secret)).toBe('[secret]')
    expect(JSON.stringify({ secret })).toBe('{"secret":"[secret]"}')
  })

  test('is told for its own host', () => {
    expect(secret.for(home)).toBe(value)
    expect(secret.reveal()).toBe(value)
  })

  test('is refused for any other host, port or look-alike, and the refusal does not tell it', () => {
    for (const url of [
      'https://evil.example/?api.example.com/v1',
      'https://api.example.com.evil.example/v1',
      'https://api.example.com:8443/v1',
      'https://sub.api.example.com/v1',
      'https://api.example.com@evil.example/v1',
    ]) {
      let thrown: unknown
      try {
        secret.for(new URL(url))
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(GatewayError)
      expect((thrown as GatewayError).code).toBe('misconfigured')
      expect((thrown as GatewayError).message).toContain('bound to its host')
      expect((thrown as GatewayError).message).not.toContain('canary')
    }
  })

  test('that names no host goes nowhere', () => {
    expect(() => new Secret(value).for(home)).toThrow('no host')
  })

  test('loses the blanks around it and is refused when it cannot be a header', () => {
    expect(new Secret(`  ${value}\n`, ['*']).for(home)).toBe(value)
    for (const bad of ['', 'two\nlines-canary', 'clé-canary']) {
      expect(() => new Secret(bad, ['*']).for(home)).toThrow('printable ASCII')
      expect(() => new Secret(bad, ['*']).for(home)).not.toThrow('canary')
    }
  })
})

describe('hosts', () => {
  test('are read from URLs with placeholders, ports and user names', () => {
    expect(hostOf('https://API.Example.com/v1')).toBe('api.example.com')
    expect(hostOf('http://localhost:1234/v1')).toBe('localhost:1234')
    expect(hostOf('https://x.{region}.example.com/v1')).toBe('x.*.example.com')
    expect(hostOf('https://api.example.com@evil.example/v1')).toBe('evil.example')
    expect(hostOf('ftp://example.com')).toBeUndefined()
    expect(hostOf('no url')).toBeUndefined()
  })

  test('match a star by one label only', () => {
    expect(isBoundTo('a.example.com', ['*.example.com'])).toBe(true)
    expect(isBoundTo('a.b.example.com', ['*.example.com'])).toBe(false)
    expect(isBoundTo('example.com', ['*.example.com'])).toBe(false)
    expect(isBoundTo('aXexample.com', ['a.example.com'])).toBe(false)
    expect(isBoundTo('anything:99', ['*'])).toBe(true)
  })
})
