import { describe, expect, test } from 'bun:test'
import { answerWhole, flowFor } from '../client/answer.ts'
import { callOf } from '../client/call.ts'
import type { Environment } from '../credentials/index.ts'
import { GatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { sse } from '../kernel/sse.ts'
import { run } from '../kernel/transducer.ts'
import { createRouter } from '../router/create.ts'
import type { Answer } from '../router/dispatch.ts'
import { type ClientOptions, createClient, portsOf } from '../sdk/client.ts'
import { receiptOf } from '../sdk/receipt.ts'
import { fakeProvider } from '../testing/fake-provider.ts'
import { checkStream } from '../testing/grammar/index.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import { providers } from './index.ts'
import type { Provider } from './provider.ts'

const key = 'sk-canary-4f7a91c2'
const ownServer = 'http://own-server:8000/v1'
const foreign = 'https://elsewhere.example/v1'
const asked = [{ role: 'user', content: 'hello' }] as const

const rows = [...providers.values()]

/** The wire as the row's vendor would see it: every request with the URL that it was really sent to. */
function wireTap() {
  const fake = fakeProvider()
  const urls: string[] = []
  return {
    fake,
    urls,
    fetch(url: string, init: RequestInit) {
      urls.push(url)
      const plain = new URL(url)
      plain.pathname = plain.pathname.replace(/\/$/, '')
      return fake.handle(new Request(plain, init))
    },
  }
}

/** What a user of the row has in the environment: a key, the placeholders, and an address where the row has none. */
function environmentOf(row: Provider): Environment {
  const [keyName] = row.keyEnv
  const [baseName] = row.baseEnv ?? []
  return {
    AWS_REGION_NAME: 'eu-west-1',
    AZURE_RESOURCE_NAME: 'res',
    ...(keyName !== undefined && { [keyName]: key }),
    ...(row.base === undefined && baseName !== undefined && { [baseName]: ownServer }),
  }
}

/** The address that a deployment must name for a row that has none, not even by a variable. */
function addressOf(row: Provider): { api_base?: string } {
  return row.base === undefined && row.baseEnv === undefined ? { api_base: ownServer } : {}
}

/** A model of the row that is called in this format. */
function modelFor(row: Provider, format: FormatId): string {
  const rule = row.only?.find(({ chat }) => chat.includes(format))
  return rule?.models[0]?.replaceAll('*', 'some') ?? 'some-model'
}

const paths: { readonly [F in FormatId]: (model: string, stream: boolean) => string } = {
  'openai-chat': () => '/chat/completions',
  'openai-responses': () => '/responses',
  'anthropic-messages': () => '/messages',
  gemini: (model, stream) => `/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
}

/** Addresses that are more than the root and the format's path, from the vendors' documentation. */
const unusual: Readonly<Record<string, { readonly [F in FormatId]?: string }>> = {
  azure: {
    'openai-chat':
      'https://res.openai.azure.com/openai/deployments/some-model/chat/completions?api-version=2025-02-01-preview',
    'openai-responses': 'https://res.openai.azure.com/openai/v1/responses',
  },
  datarobot: { 'openai-chat': 'https://app.datarobot.com/api/v2/genai/llmgw/chat/completions/' },
}

function expectedUrl(row: Provider, format: FormatId, stream: boolean): string {
  const root = (row.bases?.[format] ?? row.base ?? ownServer).replace('{region}', 'eu-west-1')
  return unusual[row.name]?.[format] ?? root + paths[format](modelFor(row, format), stream)
}

function expectedHeader(row: Provider, format: FormatId): readonly [name: string, value: string | undefined] {
  if (row.keyEnv.length === 0) return ['authorization', undefined]
  const kind = row.credentials?.[format] ?? row.credential
  if (kind.kind === 'header') return [kind.name, (kind.prefix ?? '') + key]
  return kind.kind === 'azure' ? ['api-key', key] : ['authorization', `Bearer ${key}`]
}

/** The last request went to the right place, and the key is in one header of it and nowhere else. */
function checkRequest(tap: ReturnType<typeof wireTap>, row: Provider, at: { format: FormatId; stream: boolean }): void {
  const request = tap.fake.requests.at(-1)
  const [name, value] = expectedHeader(row, at.format)
  expect(tap.urls.at(-1)).toBe(expectedUrl(row, at.format, at.stream))
  expect(request?.headers[name]).toBe(value as string)
  const others = Object.entries(request?.headers ?? {}).filter(([header]) => header !== name)
  expect(JSON.stringify([tap.urls.at(-1), request?.body, others])).not.toContain(key)
  if (at.format === 'anthropic-messages') expect(request?.headers['anthropic-version']).toBe('2023-06-01')
}

async function failureOf(promise: Promise<unknown>): Promise<GatewayError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(GatewayError)
  return thrown as GatewayError
}

const bodies: { readonly [F in FormatId]: JsonObject } = {
  'openai-chat': { messages: [...asked] },
  'openai-responses': { input: 'hello' },
  'anthropic-messages': { max_tokens: 100, messages: [...asked] },
  gemini: { contents: [{ role: 'user', parts: [{ text: 'hello' }] }] },
}

/** A call in one format through a router with the row as its only deployment. */
function nativeCall(row: Provider, format: FormatId, options: Required<ClientOptions>) {
  const model = `${row.name}/${modelFor(row, format)}`
  const router = createRouter(
    [{ model_name: 'm', litellm_params: { model, ...addressOf(row) } }],
    { retries: 0, disableCooldowns: true },
    portsOf(options),
  )
  return async (stream: boolean) => {
    const inBody = format === 'gemini' ? {} : { model: 'm', ...(stream && { stream }) }
    const bytes = new TextEncoder().encode(JSON.stringify({ ...inBody, ...bodies[format] }))
    const call = callOf({ format, bytes, ...(format === 'gemini' && { path: { model: 'm', stream } }) })
    return { call, answer: await router.ask(call, router.group('m')) }
  }
}

async function blocksOf({ reply }: Answer): Promise<Uint8Array[]> {
  if (reply.kind !== 'stream') throw new Error('not a stream')
  const blocks = [...reply.head]
  for (let block = await reply.next(); block; block = await reply.next()) blocks.push(block)
  return blocks
}

for (const row of rows)
  describe(row.name, () => {
    const first = row.chat[0] as FormatId
    const base = { ...addressOf(row), model: `${row.name}/${modelFor(row, first)}`, messages: asked }
    const once = { ...base, num_retries: 0 }

    test('answers whole through the library, at its own address, with its own key', async () => {
      const tap = wireTap()
      const { completion } = createClient({ environment: environmentOf(row), fetch: tap.fetch })
      const answer = await completion(base)
      checkRequest(tap, row, { format: first, stream: false })
      expect(answer.choices[0]?.message.content).toBe('You said: hello')
      expect(answer.choices[0]?.finish_reason).toBe('stop')
      expect(answer.usage?.prompt_tokens).toBeGreaterThan(0)
      const receipt = receiptOf(answer)
      expect([receipt?.provider, receipt?.usage?.source]).toEqual([row.name, 'provider'])
    })

    test('answers in a stream through the library', async () => {
      const tap = wireTap()
      const { completion } = createClient({ environment: environmentOf(row), fetch: tap.fetch })
      let text = ''
      let finish: string | null | undefined
      for await (const chunk of await completion({ ...base, stream: true })) {
        text += chunk.choices[0]?.delta.content ?? ''
        finish = chunk.choices[0]?.finish_reason
      }
      checkRequest(tap, row, { format: first, stream: true })
      expect([text, finish]).toEqual(['You said: hello', 'stop'])
    })

    test('says of a refused key and of a limit what they are', async () => {
      const tap = wireTap()
      const { completion } = createClient({ environment: environmentOf(row), fetch: tap.fetch })
      tap.fake.script('status-401')
      const refused = await failureOf(completion(once))
      expect([refused.code, refused.status, refused.provider]).toEqual(['provider-auth', 401, row.name])
      tap.fake.script('status-429')
      const limited = await failureOf(completion({ ...once, stream: true }))
      expect([limited.code, limited.status, limited.provider]).toEqual(['provider-limit', 429, row.name])
      expect(limited.retryAfterMs).toBe(1000)
      expect(tap.urls.length).toBe(2)
    })

    for (const format of row.chat)
      test(`is spoken to in ${format} by a caller who speaks it, and the answer's bytes are its own`, async () => {
        const tap = wireTap()
        const ask = nativeCall(row, format, { environment: environmentOf(row), fetch: tap.fetch })
        const whole = await ask(false)
        checkRequest(tap, row, { format, stream: false })
        expect([whole.answer.compiled.format, whole.answer.compiled.untouched]).toEqual([format, true])
        if (whole.answer.reply.kind !== 'whole') throw new Error('not whole')
        const { bytes, usage } = answerWhole(whole.call, whole.answer.reply)
        expect(bytes).toBe(whole.answer.reply.bytes)
        expect(new TextDecoder().decode(bytes)).toContain('You said: hello')
        expect(usage?.source).toBe('provider')

        const streamed = await ask(true)
        checkRequest(tap, row, { format, stream: true })
        const flow = flowFor(streamed.call, streamed.answer.compiled, { inputEstimate: 1 })
        const out = [...(await blocksOf(streamed.answer)).map((block) => flow.push(block)), flow.end()]
        expect(checkStream[format](run(sse.read(), out))).toEqual([])
        expect(flow.usage()?.output).toBeGreaterThan(0)

        tap.fake.script('status-401')
        const refused = await failureOf(ask(true))
        expect([refused.code, refused.status, refused.provider]).toEqual(['provider-auth', 401, row.name])
        tap.fake.script('status-429')
        expect((await failureOf(ask(false))).retryAfterMs).toBe(1000)
      })

    // a row without any address of its own takes the key wherever its deployment lies
    if (row.keyEnv.length > 0 && (row.base !== undefined || row.baseEnv !== undefined))
      test('sends its key from the environment to no other host', async () => {
        const tap = wireTap()
        const { completion } = createClient({ environment: environmentOf(row), fetch: tap.fetch })
        const outcome = await completion({ ...once, api_base: foreign }).catch((error: GatewayError) => error)
        expect(JSON.stringify([tap.urls, tap.fake.requests])).not.toContain(key)
        if (tap.urls.length === 0) expect((outcome as GatewayError).code).toBe('provider-auth')
        else expect(tap.urls[0]).toStartWith('https://elsewhere.example/')
      })
  })
