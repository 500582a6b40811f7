import { expect, test } from 'bun:test'
import { concealing } from './conceal.ts'

const conceal = concealing({
  url: 'https://provider.example/v1/chat?token=in-the-query&api-version=2024-10-21',
  headers: {
    Authorization: 'Bearer sk-abcdef123456',
    'x-extra-secret': 'another-one',
    'anthropic-beta': 'context-1m-2025-08-07',
    'api-key': 'abc',
  },
})

test('credentials are taken out of text, bytes and headers, whatever the header’s case', () => {
  expect(conceal.text('Incorrect API key: sk-abcdef123456 (another-one)')).toBe(
    'Incorrect API key: [secret] ([secret])',
  )
  expect(conceal.text('/v1/chat?token=in-the-query&api-version=2024-10-21')).toBe(
    '/v1/chat?token=[secret]&api-version=2024-10-21',
  )
  const bytes = conceal.bytes(new TextEncoder().encode('{"sent":"Bearer sk-abcdef123456"}'))
  expect(new TextDecoder().decode(bytes)).toBe('{"sent":"Bearer [secret]"}')
  expect(conceal.headers(new Headers({ 'www-authenticate': 'Bearer sk-abcdef123456' })).get('www-authenticate')).toBe(
    'Bearer [secret]',
  )
})

test('bytes that hold no credential are the same bytes, and words that are none stay', () => {
  const bytes = new TextEncoder().encode('unknown beta context-1m-2025-08-07 of abc')
  expect(conceal.bytes(bytes)).toBe(bytes)
})

test('without credentials nothing is concealed', () => {
  expect(
    concealing({ url: 'https://provider.example/', headers: { accept: 'text/html' } }).text('anything at all'),
  ).toBe('anything at all')
})
