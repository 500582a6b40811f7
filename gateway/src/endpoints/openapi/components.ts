import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { sessionCookie } from '../../access/sign-on/cookies.ts'
import { formatOfErrors } from '../../pipeline/answer/refuse.ts'
import type { Endpoint } from '../../pipeline/route.ts'

const text = { type: 'string' } as const
const maybeText = { type: ['string', 'null'] } as const

const object = (properties: JsonObject): JsonObject => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
})
const refusal = (schema: string): JsonObject => ({
  description: 'What was wrong, where, and what would be right.',
  content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
})

/** Headers that a key may come in, in the order in which they are looked at. */
const keyHeaders = {
  litellmKey: 'x-litellm-api-key',
  azureKey: 'api-key',
  anthropicKey: 'x-api-key',
  googleKey: 'x-goog-api-key',
} as const

/** What operations refer to. */
export const components: JsonObject = {
  securitySchemes: {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      description: 'A virtual key, the master key, or a token of a configured identity provider.',
    },
    ...Object.fromEntries(
      Object.entries(keyHeaders).map(([name, header]) => [name, { type: 'apiKey', in: 'header', name: header }]),
    ),
    session: { type: 'apiKey', in: 'cookie', name: sessionCookie, description: 'A session after signing in.' },
  },
  schemas: {
    Error: object({
      error: object({ message: text, type: maybeText, param: maybeText, code: maybeText }),
    }),
    AnthropicError: object({ type: { const: 'error' }, error: object({ type: text, message: text }) }),
    GeminiError: object({ error: object({ code: { type: 'integer' }, message: text, status: text }) }),
  },
  responses: {
    Error: refusal('Error'),
    AnthropicError: refusal('AnthropicError'),
    GeminiError: refusal('GeminiError'),
  },
}

/** The name of a row's refusals among the components. */
export function errorOf(endpoint: Endpoint): 'Error' | 'AnthropicError' | 'GeminiError' {
  const format = formatOfErrors(endpoint)
  if (format.startsWith('anthropic')) return 'AnthropicError'
  return format.startsWith('gemini') ? 'GeminiError' : 'Error'
}

/** Any one of them is enough; nothing is asked of a public row. */
export function securityOf({ policy }: Endpoint): readonly JsonObject[] {
  if (policy === 'public') return []
  return [...['bearer', ...Object.keys(keyHeaders), 'session'].map((name) => ({ [name]: [] }))]
}
