import { describe, expect, test } from 'bun:test'
import { credentialFor, type KeyOwner, missingKey, ownHosts } from './source.ts'

const vendor: KeyOwner = {
  name: 'vendor',
  title: 'Vendor',
  base: 'https://api.vendor.example/v1',
  bases: { 'anthropic-messages': 'https://messages.vendor.example/v1' },
  hosts: ['*.eu.vendor.example'],
  keyEnv: ['VENDOR_KEY', 'VENDOR_TOKEN'],
  baseEnv: ['VENDOR_BASE'],
}
const server: KeyOwner = { name: 'server', title: 'Server', keyEnv: ['SERVER_KEY'], baseEnv: ['SERVER_BASE'] }
const env = { VENDOR_KEY: 'env-key', SERVER_KEY: 'server-key' }

const at = (secret: ReturnType<typeof credentialFor>, url: string): string => {
  if (secret === undefined) return 'none'
  try {
    return secret.for(new URL(url))
  } catch {
    return 'refused'
  }
}

describe('a key of the environment', () => {
  test("goes to the vendor's own hosts and to no other", () => {
    const secret = credentialFor(vendor, { env })
    expect(at(secret, 'https://api.vendor.example/v1/x')).toBe('env-key')
    expect(at(secret, 'https://messages.vendor.example/v1/x')).toBe('env-key')
    expect(at(secret, 'https://de.eu.vendor.example/v1/x')).toBe('env-key')
    expect(at(secret, 'https://evil.example/')).toBe('refused')
  })

  test('is not taken along to an api_base elsewhere, whatever that URL mentions', () => {
    for (const apiBase of [
      'https://evil.example/v1',
      'https://evil.example/?api.vendor.example/v1',
      'https://api.vendor.example.evil.example/v1',
      'https://api.vendor.example@evil.example/v1',
      'not a url',
    ])
      expect(credentialFor(vendor, { env, apiBase })).toBeUndefined()
  })

  test('goes to an api_base on a host of the vendor', () => {
    const apiBase = 'https://de.eu.vendor.example/v2'
    expect(at(credentialFor(vendor, { env, apiBase }), apiBase)).toBe('env-key')
  })

  test("goes where the vendor's base variable leads", () => {
    const proxied = { ...env, VENDOR_BASE: 'http://proxy.internal:8080/v1' }
    const secret = credentialFor(vendor, { env: proxied })
    expect(at(secret, 'http://proxy.internal:8080/v1/x')).toBe('env-key')
    expect(
      at(credentialFor(vendor, { env: proxied, apiBase: 'http://proxy.internal:8080' }), 'http://proxy.internal:8080/'),
    ).toBe('env-key')
    expect(ownHosts(vendor, proxied)).toContain('proxy.internal:8080')
  })

  test('is the first that is set to more than blanks', () => {
    const secret = credentialFor(vendor, { env: { VENDOR_KEY: ' ', VENDOR_TOKEN: 'second' } })
    expect(at(secret, 'https://api.vendor.example/')).toBe('second')
    expect(credentialFor(vendor, { env: {} })).toBeUndefined()
  })
})

describe('a key given for the deployment', () => {
  test("belongs to the deployment's host", () => {
    const secret = credentialFor(vendor, { env, apiKey: 'own-key', apiBase: 'https://mirror.example/v1' })
    expect(at(secret, 'https://mirror.example/v1/x')).toBe('own-key')
    expect(at(secret, 'https://api.vendor.example/v1/x')).toBe('refused')
  })

  test("wins over the environment and belongs to the vendor's hosts without an api_base", () => {
    const secret = credentialFor(vendor, { env, apiKey: 'own-key' })
    expect(at(secret, 'https://messages.vendor.example/v1/x')).toBe('own-key')
    expect(at(secret, 'https://evil.example/')).toBe('refused')
  })

  test('that is blank counts as none', () => {
    expect(at(credentialFor(vendor, { env, apiKey: '' }), 'https://api.vendor.example/')).toBe('env-key')
  })
})

describe('a row without an address', () => {
  test('binds its key to the api_base, unless a variable names its place', () => {
    const apiBase = 'http://gpu-1:8000/v1'
    expect(at(credentialFor(server, { env, apiBase }), apiBase)).toBe('server-key')
    const placed = { ...env, SERVER_BASE: 'http://gpu-2:8000/v1' }
    expect(credentialFor(server, { env: placed, apiBase })).toBeUndefined()
    expect(at(credentialFor(server, { env: placed }), 'http://gpu-2:8000/')).toBe('server-key')
  })

  test('may have a placeholder key, which is no secret and goes anywhere', () => {
    const local = { ...server, defaultKey: 'fake-api-key' }
    expect(at(credentialFor(local, { env: {}, apiBase: 'http://gpu-1:8000' }), 'http://gpu-1:8000/')).toBe(
      'fake-api-key',
    )
  })
})

test('a missing key is an error that names every way to give one', () => {
  const error = missingKey(vendor)
  expect(error.code).toBe('provider-auth')
  expect(error.message).toContain('VENDOR_KEY or VENDOR_TOKEN')
  expect(error.message).toContain('api_key')
})
