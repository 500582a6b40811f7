import { buildTarget } from '../client/build-target.ts'
import { type Call, callOf } from '../client/call.ts'
import { type Compiled, compile } from '../client/compile.ts'
import type { Target } from '../client/target.ts'
import type { RequestPath } from '../formats/format.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import { fakeProvider } from './fake-provider.ts'

const encoder = new TextEncoder()

/** A call as it comes to the door, from a body as text or as a value. */
export function callFrom(format: FormatId, body: string | object, path?: RequestPath): Call {
  const bytes = encoder.encode(typeof body === 'string' ? body : JSON.stringify(body))
  return callOf({ format, bytes, ...(path && { path }) })
}

/** One user message in each format. */
export function helloIn(format: FormatId, more: { stream?: boolean; text?: string } = {}): Call {
  const { stream = false, text = 'hello' } = more
  const messages = [{ role: 'user', content: text }]
  const bodies: { readonly [F in FormatId]: object } = {
    'openai-chat': { model: 'm', stream, messages },
    'openai-responses': { model: 'm', stream, input: text },
    'anthropic-messages': { model: 'm', stream, max_tokens: 50, messages },
    gemini: { contents: [{ role: 'user', parts: [{ text }] }] },
  }
  return callFrom(format, bodies[format], format === 'gemini' ? { model: 'm', stream } : {})
}

/** The bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

export const allFormats: readonly FormatId[] = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini']

const models: { readonly [F in FormatId]: string } = {
  'openai-chat': 'openai/some-model',
  'openai-responses': 'openai/some-model',
  'anthropic-messages': 'anthropic/some-model',
  gemini: 'gemini/some-model',
}

/** A provider that is spoken to in this format and no other. */
export function targetIn(format: FormatId): Target {
  return buildTarget({ model: models[format], apiKey: 'sk-test-key', profile: { formats: [format] } }, {})
}

/** What a provider of the format answers to a call, block by block, up to where it is told to break off. */
export async function upstream(
  call: Call,
  format: FormatId,
  script?: string,
): Promise<{ compiled: Compiled; blocks: Uint8Array[] }> {
  const compiled = compile(call, targetIn(format))
  const fake = fakeProvider()
  if (script !== undefined) fake.script(script)
  const { url, headers, body } = compiled
  const request = new Request(url, { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer> })
  const blocks: Uint8Array[] = []
  const reader = (await fake.handle(request)).body?.getReader()
  try {
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) blocks.push(read.value)
  } catch {
    // the connection broke, as it was told to
  }
  return { compiled, blocks }
}

/** The same bytes in blocks of this size. */
export function blocksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) out.push(bytes.slice(at, at + size))
  return out
}
