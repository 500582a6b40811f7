import { callOf } from 'turnpike-core/internal/client/call'
import { type Compiled, compile } from 'turnpike-core/internal/client/compile'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'

/** The smallest call there is. */
export function smallestCall(): ReturnType<typeof callOf> {
  const body = { model: 'health-check', max_tokens: 1, messages: [{ role: 'user', content: 'ping' }] }
  return callOf({ format: 'openai-chat', bytes: new TextEncoder().encode(JSON.stringify(body)) })
}

/** A question that costs nothing and needs the credential. */
export interface FreeQuestion {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Where a format's vendors list their models, or show one, by where they are called; the first that fits. */
const places: Readonly<Partial<Record<FormatId, readonly (readonly [from: RegExp, to: string])[]>>> = {
  'openai-chat': [
    // https://learn.microsoft.com/en-us/rest/api/azureopenai/models/list
    [/\/openai\/deployments\/[^/]+\/chat\/completions(?=\?|$)/, '/openai/models'],
    // https://platform.openai.com/docs/api-reference/models/list
    [/\/chat\/completions(?=\?|$)/, '/models'],
  ],
  'openai-responses': [[/\/responses(?=\?|$)/, '/models']],
  // https://docs.anthropic.com/en/api/models-list
  'anthropic-messages': [[/\/messages(?=\?|$)/, '/models']],
  // https://ai.google.dev/api/models#method:-models.get
  gemini: [[/:generateContent(?=\?|$)/, '']],
}

/** The free question of a deployment; undefined where its format has none. */
export function freeQuestion(deployment: Deployment): FreeQuestion | undefined {
  const { url, headers, format }: Compiled = compile(smallestCall(), deployment)
  const place = places[format]?.find(([from]) => from.test(url))
  if (!place) return undefined
  const kept = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-type')
  return { url: url.replace(place[0], place[1]), headers: Object.fromEntries(kept) }
}
