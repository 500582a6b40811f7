import { asArray, asObject, isObject, type JsonObject } from '../../kernel/json.ts'
import { lastUserText, type Plan, textUnder } from './plan.ts'
import type { Chunk, Wire } from './wire.ts'

function usageOf(plan: Plan, output: number): JsonObject {
  return {
    input_tokens: plan.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    service_tier: 'standard',
  }
}

const signature = 'RmFrZVNpZ25hdHVyZQ=='
const stopOf = (plan: Plan): string => (plan.call ? 'tool_use' : 'end_turn')

function messageOf(plan: Plan, content: JsonObject[], stop: string | null, usage: JsonObject | undefined): JsonObject {
  return {
    id: `msg_fake${plan.serial}`,
    type: 'message',
    role: 'assistant',
    model: plan.model,
    content,
    stop_reason: stop,
    stop_sequence: null,
    ...(usage && { usage }),
  }
}

const callOf = (plan: Plan, input: JsonObject): JsonObject => ({
  type: 'tool_use',
  id: `toolu_fake${plan.serial}`,
  name: plan.call?.name,
  input,
})

function chunk(type: string, fields: JsonObject = {}, bears = false): Chunk {
  return { event: type, data: JSON.stringify({ type, ...fields }), bears }
}

function blockChunks(index: number, content_block: JsonObject, deltas: readonly JsonObject[]): Chunk[] {
  return [
    chunk('content_block_start', { index, content_block }),
    ...deltas.map((delta) => chunk('content_block_delta', { index, delta }, true)),
    chunk('content_block_stop', { index }),
  ]
}

function contentChunks(plan: Plan, pieces: readonly string[]): Chunk[] {
  const thinks = plan.reasoning !== undefined
  const thought = [
    { type: 'thinking_delta', thinking: plan.reasoning },
    { type: 'signature_delta', signature },
  ]
  const at = thinks ? 1 : 0
  const said = plan.call
    ? blockChunks(at, callOf(plan, {}), [{ type: 'input_json_delta', partial_json: plan.call.input }])
    : blockChunks(
        at,
        { type: 'text', text: '' },
        pieces.map((text) => ({ type: 'text_delta', text })),
      )
  return [...(thinks ? blockChunks(0, { type: 'thinking', thinking: '', signature: '' }, thought) : []), ...said]
}

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

/** https://docs.anthropic.com/en/api/messages */
export const anthropicMessagesWire: Wire = {
  name: 'anthropic-messages',
  newline: '\n',

  ask(body) {
    const messages = asArray(body.messages)
    const last = messages.at(-1)
    const blocks = isObject(last) ? asArray(last.content) : []
    const format = asObject(asObject(body.output_config)?.format) ?? asObject(body.output_format)
    return {
      lastText: lastUserText(messages),
      chars: textUnder([body.system ?? '', ...messages]).length,
      offers: asArray(body.tools).flatMap((tool) =>
        isObject(tool) && typeof tool.name === 'string'
          ? [{ name: tool.name, schema: asObject(tool.input_schema) }]
          : [],
      ),
      answered: blocks.some((block) => isObject(block) && block.type === 'tool_result'),
      schema: asObject(format?.schema),
      includeUsage: true,
    }
  },

  whole(plan, usage) {
    const content: JsonObject[] = [
      ...(plan.reasoning === undefined ? [] : [{ type: 'thinking', thinking: plan.reasoning, signature }]),
      plan.call ? callOf(plan, plan.call.args) : { type: 'text', text: plan.text },
    ]
    return messageOf(plan, content, stopOf(plan), usage ? usageOf(plan, plan.outputTokens) : undefined)
  },

  stream(plan, { pieces, usage, done }) {
    return [
      chunk('message_start', { message: messageOf(plan, [], null, usage ? usageOf(plan, 1) : undefined) }),
      chunk('ping'),
      ...contentChunks(plan, pieces),
      chunk('message_delta', {
        delta: { stop_reason: stopOf(plan), stop_sequence: null },
        ...(usage && { usage: { output_tokens: plan.outputTokens } }),
      }),
      ...(done ? [chunk('message_stop')] : []),
    ]
  },

  error: (status, message) => ({
    type: 'error',
    error: { type: errorTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error'), message },
    request_id: 'req_fake',
  }),

  errorChunk: (message) => chunk('error', { error: { type: 'overloaded_error', message } }),
}
