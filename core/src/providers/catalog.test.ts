import { describe, expect, test } from 'bun:test'
import { credentialFor, sign } from '../credentials/index.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import { applyQuirks, quirksTouch } from './apply-quirks.ts'
import { chineseMakers } from './catalog/chinese-makers.ts'
import { frontier } from './catalog/frontier.ts'
import { gateways } from './catalog/gateways.ts'
import { hostsAToG } from './catalog/hosts-a-g.ts'
import { hostsHToZ } from './catalog/hosts-h-z.ts'
import { local } from './catalog/local.ts'
import { modelMakers } from './catalog/model-makers.ts'
import { moreHosts } from './catalog/more-hosts.ts'
import { providers } from './index.ts'
import { placeOf } from './place.ts'
import type { CredentialKind, Provider } from './provider.ts'
import { chatFormats, headersFor, quirksFor, wireModel } from './row.ts'

const key = 'sk-canary-key'
const model = 'some-model'
const params = { region: 'eu-west-1', resource: 'res' }
const chatPath = '/chat/completions'

const paths: { readonly [F in FormatId]: readonly [whole: string, streamed: string] } = {
  'openai-chat': [chatPath, chatPath],
  'openai-responses': ['/responses', '/responses'],
  'anthropic-messages': ['/messages', '/messages'],
  gemini: [`/models/${model}:generateContent`, `/models/${model}:streamGenerateContent?alt=sse`],
}

/** The header that a key goes in, by kind. */
const signature: {
  readonly [K in CredentialKind['kind']]: (kind: CredentialKind & { kind: K }) => readonly [string, string]
} = {
  bearer: () => ['authorization', `Bearer ${key}`],
  header: ({ name, prefix = '' }) => [name, prefix + key],
  azure: () => ['api-key', key],
  none: () => ['authorization', ''],
}

/** A body with every field that any row has something to say of. */
const everything = {
  model,
  messages: [
    { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
    { role: 'user', name: 'ann', content: 'Hi' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'ok' },
  ],
  ...{
    max_completion_tokens: 10,
    temperature: 2,
    top_p: 0.5,
    n: 2,
    stop: ['x'],
    seed: 1,
    frequency_penalty: 1,
    presence_penalty: 1,
  },
  ...{
    logit_bias: { 1: 1 },
    logprobs: true,
    top_logprobs: 2,
    user: 'u',
    stream: true,
    stream_options: { include_usage: true },
  },
  tools: [
    {
      type: 'function',
      function: { name: 'f', strict: true, parameters: { type: 'object', additionalProperties: false } },
    },
  ],
  ...{
    tool_choice: 'auto',
    parallel_tool_calls: true,
    response_format: { type: 'json_object' },
    reasoning_effort: 'low',
  },
  ...{ service_tier: 'flex', safety_identifier: 's', store: true, modalities: ['text'], verbosity: 'low' },
} as const

const rows = [...providers.values()]

test('no two rows have the same name', () => {
  const all = [frontier, modelMakers, chineseMakers, hostsAToG, hostsHToZ, moreHosts, gateways, local].flat()
  expect(all.length).toBe(providers.size)
  expect(providers.size).toBeGreaterThanOrEqual(102)
})

for (const row of rows)
  describe(row.name, () => {
    const apiBase = row.base === undefined ? { apiBase: 'http://own-server:8000/v1' } : {}
    const formats = row.chat

    test('is written in full', () => {
      expect(row.name).toMatch(/^[a-z0-9][a-z0-9_-]*$/)
      expect(row.title).not.toBe('')
      expect(new URL(row.docs).protocol).toBe('https:')
      expect(formats.length).toBeGreaterThan(0)
      for (const name of [...row.keyEnv, ...(row.baseEnv ?? [])]) expect(name).toMatch(/^[A-Z][A-Z0-9_]*$/)
      expect(new Set(row.keyEnv).size).toBe(row.keyEnv.length)
      for (const { why } of row.quirks ?? []) expect(why.length).toBeGreaterThan(5)
      for (const { chat } of row.only ?? []) for (const format of chat) expect(formats).toContain(format)
      for (const format of Object.keys({ ...row.bases, ...row.credentials, ...row.formatHeaders }))
        expect(formats as readonly string[]).toContain(format)
    })

    test('is at an https address, or on this machine', () => {
      for (const base of [row.base, ...Object.values(row.bases ?? {})]) {
        if (base === undefined) continue
        const url = new URL(base.replaceAll(/\{\w+\}/g, 'x'))
        expect(url.protocol === 'https:' || ['localhost', '127.0.0.1'].includes(url.hostname)).toBe(true)
        expect(`${url.search}${url.hash}${url.username}`).toBe('')
        expect(base).not.toMatch(/\/$/)
      }
    })

    for (const format of formats)
      test(`places and signs whole and streamed calls in ${format}`, () => {
        for (const path of paths[format]) checkCall(row, format, { path, ...apiBase })
      })

    test('fits a request to its quirks without touching the original, and the result needs no second fitting', () => {
      const before = JSON.stringify(everything)
      const quirks = quirksFor(row, formats[0] ?? 'openai-chat')
      const { body, warnings } = applyQuirks(everything, quirks, { dropUnsupported: true })
      expect(JSON.stringify(everything)).toBe(before)
      if (quirks.length > 0) expect(quirksTouch(quirks, Object.keys(everything))).toBe(true)
      for (const quirk of quirks) {
        const gone =
          quirk.kind === 'rename' ? [quirk.from] : quirk.kind === 'drop' || quirk.kind === 'refuse' ? quirk.fields : []
        for (const field of gone) expect(body[field]).toBeUndefined()
      }
      for (const { path, why } of warnings) expect(`${path}${why}`).not.toContain('undefined')
      expect(applyQuirks(body, quirks, { dropUnsupported: true }).body).toEqual(body)
    })

    test('sends its key nowhere else', () => {
      const env = Object.fromEntries(row.keyEnv.slice(0, 1).map((name) => [name, key]))
      const elsewhere = 'https://evil.example/v1'
      const own = row.base !== undefined || row.hosts !== undefined
      const secret = credentialFor(row, { env, ...(own && { apiBase: elsewhere }) })
      if (own) expect(secret?.reveal() ?? '').not.toBe(key)
      expect(chatFormats(row, { model, ...(own && { apiBase: elsewhere }) }).length).toBeGreaterThan(0)
    })
  })

function checkCall(row: Provider, format: FormatId, { path, apiBase }: { path: string; apiBase?: string }): void {
  const given = apiBase === undefined ? {} : { apiBase }
  const text = placeOf(row, { format, model: wireModel(row, model), path, params, ...given })
  const url = new URL(text)
  const at = path.indexOf('?')
  expect(url.pathname.replace(/\/$/, '')).toEndWith(at < 0 ? path : path.slice(0, at))
  if (at >= 0) expect(url.search).toContain(path.slice(at + 1))
  expect(url.pathname).not.toContain('//')
  expect(text).not.toMatch(/[{}]|undefined/)

  const kind = row.credentials?.[format] ?? row.credential
  const headers = new Headers(headersFor(row, { format, url, env: {} }))
  sign(kind, credentialFor(row, { apiKey: key, env: {}, ...given }), headers, url)
  const [name, value] = (signature[kind.kind] as (kind: CredentialKind) => readonly [string, string])(kind)
  expect(headers.get(name) ?? '').toBe(value)
  expect(text).not.toContain(key)
  if (format === 'anthropic-messages') expect(headers.get('anthropic-version')).toBe('2023-06-01')
}
