import type { Fetch } from 'turnpike-core/internal/client/send'
import { isObject, type JsonObject } from 'turnpike-core/internal/kernel/json'

const deadlineMs = 5000
const mostBytes = 1 << 20

/** What an identity provider answered: a JSON object, or only a status. */
export type Told = { readonly ok: true; readonly body: JsonObject } | { readonly ok: false; readonly status: number }

/** Asks an identity provider for a JSON object. Throws when it cannot be reached, answers too much, or something else than an object. */
export async function fetchJson(
  ports: { readonly fetch: Fetch },
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const response = await ports.fetch(url, {
    headers: { accept: 'application/json', ...headers },
    redirect: 'error',
    signal: AbortSignal.timeout(deadlineMs),
  })
  if (!response.ok) {
    await response.body?.cancel()
    return { ok: false, status: response.status }
  }
  const body: unknown = JSON.parse(await bounded(response))
  if (!isObject(body)) throw new Error('the answer is not a JSON object')
  return { ok: true, body }
}

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const block of response.body ?? []) {
    size += block.byteLength
    if (size > mostBytes) throw new Error(`the answer is longer than ${mostBytes} bytes`)
    text += decoder.decode(block, { stream: true })
  }
  return text + decoder.decode()
}
