import type { Format } from '../formats/format.ts'
import { formats } from '../formats/index.ts'
import { isObject, type JsonObject, type MutableJsonObject } from '../kernel/json.ts'
import type { ChatRequest } from '../vocabulary/chat-request.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import type { Target } from './target.ts'

const openai = formats['openai-chat']
const question: ChatRequest['messages'] = [{ role: 'user', content: [{ type: 'text', text: '?' }] }]

/** A deployment's defaults are written in OpenAI's names: read as such. What is no OpenAI field stays in `native`. */
function readDefaults(model: string, defaults: JsonObject): Partial<ChatRequest> {
  const {
    messages: _messages,
    model: _model,
    ...read
  } = openai.server.readRequest({ model, messages: [{ role: 'user', content: '?' }], ...defaults }, {}).value
  return read
}

/** The request with the deployment's defaults where the caller left something open. */
export function withDefaults(request: ChatRequest, defaults: JsonObject | undefined): ChatRequest {
  if (!defaults || Object.keys(defaults).length === 0) return request
  const { native: _native, ...filled } = readDefaults(request.model, defaults)
  return { ...filled, ...request }
}

const written = new WeakMap<Target, Map<FormatId, JsonObject>>()

/** The defaults as top-level fields of a body in this format, worked out once per target. */
export function defaultFields(target: Target, format: Format<'chat'>): JsonObject {
  const { defaults } = target
  if (!defaults || format.id === openai.id) return defaults ?? {}
  let known = written.get(target)
  if (!known) written.set(target, (known = new Map()))
  let fields = known.get(format.id)
  if (!fields) known.set(format.id, (fields = writeDefaults(target, defaults, format)))
  return fields
}

/** What a request with the defaults says and one without does not. */
function writeDefaults({ model, profile }: Target, defaults: JsonObject, format: Format<'chat'>): JsonObject {
  const { native, ...asked } = readDefaults(model, defaults)
  const write = (more: Partial<ChatRequest>) =>
    format.client.writeRequest({ model, messages: question, ...more }, profile).value
  const [plain, full] = [write({}), write(asked)]
  const out: MutableJsonObject = { ...native?.fields }
  for (const [name, value] of Object.entries(full))
    if (JSON.stringify(value) !== JSON.stringify(plain[name])) out[name] = value
  return out
}

/** A field of the caller's with what a default adds inside it; undefined when the caller's stands as it is. */
export function filledIn(given: unknown, byDefault: JsonObject[string]): JsonObject | undefined {
  if (!isObject(given) || !isObject(byDefault)) return undefined
  return Object.keys(byDefault).every((name) => Object.hasOwn(given, name)) ? undefined : { ...byDefault, ...given }
}
