import { asArray, asObject, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { openaiChatWire } from './openai-chat.ts'
import { createdAt, lastUserText, type Plan, reasoningTokens, textUnder } from './plan.ts'
import type { Chunk, Wire } from './wire.ts'

function usageOf(plan: Plan): JsonObject {
  return {
    input_tokens: plan.inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: plan.outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens(plan) },
    total_tokens: plan.inputTokens + plan.outputTokens,
  }
}

function responseOf(plan: Plan, status: string, output: readonly Json[], usage: Json): JsonObject {
  return {
    id: `resp_fake${plan.serial}`,
    object: 'response',
    created_at: createdAt,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model: plan.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: true,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage,
    user: null,
    metadata: {},
  }
}

const textPart = (text: string): JsonObject => ({ type: 'output_text', annotations: [], logprobs: [], text })
const summaryPart = (text: string): JsonObject => ({ type: 'summary_text', text })

function reasoningItem(plan: Plan, done: boolean): JsonObject {
  return { id: `rs_fake${plan.serial}`, type: 'reasoning', summary: done ? [summaryPart(plan.reasoning ?? '')] : [] }
}

function messageItem(plan: Plan, done: boolean): JsonObject {
  const status = done ? 'completed' : 'in_progress'
  const content = done ? [textPart(plan.text)] : []
  return { id: `msg_fake${plan.serial}`, type: 'message', status, content, role: 'assistant' }
}

function callItem(plan: Plan, done: boolean): JsonObject {
  return {
    id: `fc_fake${plan.serial}`,
    type: 'function_call',
    status: done ? 'completed' : 'in_progress',
    arguments: done ? (plan.call?.input ?? '') : '',
    call_id: `call_fake${plan.serial}`,
    name: plan.call?.name,
  }
}

const itemsOf = (plan: Plan): JsonObject[] => [
  ...(plan.reasoning === undefined ? [] : [reasoningItem(plan, true)]),
  plan.call ? callItem(plan, true) : messageItem(plan, true),
]

/** An event before it is numbered. */
type Event = JsonObject & { readonly type: string }

function reasoningEvents(plan: Plan, output_index: number): Event[] {
  const text = plan.reasoning ?? ''
  const place = { item_id: `rs_fake${plan.serial}`, output_index, summary_index: 0 }
  return [
    { type: 'response.output_item.added', output_index, item: reasoningItem(plan, false) },
    { type: 'response.reasoning_summary_part.added', ...place, part: summaryPart('') },
    { type: 'response.reasoning_summary_text.delta', ...place, delta: text },
    { type: 'response.reasoning_summary_text.done', ...place, text },
    { type: 'response.reasoning_summary_part.done', ...place, part: summaryPart(text) },
    { type: 'response.output_item.done', output_index, item: reasoningItem(plan, true) },
  ]
}

function messageEvents(plan: Plan, output_index: number, pieces: readonly string[]): Event[] {
  const place = { item_id: `msg_fake${plan.serial}`, output_index, content_index: 0 }
  return [
    { type: 'response.output_item.added', output_index, item: messageItem(plan, false) },
    { type: 'response.content_part.added', ...place, part: textPart('') },
    ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...place, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...place, text: plan.text, logprobs: [] },
    { type: 'response.content_part.done', ...place, part: textPart(plan.text) },
    { type: 'response.output_item.done', output_index, item: messageItem(plan, true) },
  ]
}

function callEvents(plan: Plan, output_index: number): Event[] {
  const place = { item_id: `fc_fake${plan.serial}`, output_index }
  return [
    { type: 'response.output_item.added', output_index, item: callItem(plan, false) },
    { type: 'response.function_call_arguments.delta', ...place, delta: plan.call?.input },
    { type: 'response.function_call_arguments.done', ...place, arguments: plan.call?.input },
    { type: 'response.output_item.done', output_index, item: callItem(plan, true) },
  ]
}

function chunkOf(event: Event, sequence_number: number): Chunk {
  const { type, ...rest } = event
  return { event: type, data: JSON.stringify({ type, sequence_number, ...rest }), bears: type.endsWith('.delta') }
}

/** https://platform.openai.com/docs/api-reference/responses */
export const openaiResponsesWire: Wire = {
  name: 'openai-responses',
  newline: '\n',

  ask(body) {
    const input: readonly Json[] =
      typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : asArray(body.input)
    const last = input.at(-1)
    const format = asObject(asObject(body.text)?.format)
    const flat = asArray(body.tools).flatMap((tool) =>
      isObject(tool) && tool.type === 'namespace' ? asArray(tool.tools) : [tool],
    )
    return {
      lastText: lastUserText(input),
      chars: textUnder([body.instructions ?? '', ...input]).length,
      offers: flat.flatMap((tool) =>
        isObject(tool) && typeof tool.name === 'string' ? [{ name: tool.name, schema: asObject(tool.parameters) }] : [],
      ),
      answered: isObject(last) && String(last.type).endsWith('_call_output'),
      schema:
        format?.type === 'json_schema' ? asObject(format.schema) : format?.type === 'json_object' ? {} : undefined,
      includeUsage: true,
    }
  },

  whole: (plan, usage) => responseOf(plan, 'completed', itemsOf(plan), usage ? usageOf(plan) : null),

  stream(plan, { pieces, usage, done }) {
    const begun = responseOf(plan, 'in_progress', [], null)
    const after = plan.reasoning === undefined ? 0 : 1
    const events: Event[] = [
      { type: 'response.created', response: begun },
      { type: 'response.in_progress', response: begun },
      ...(plan.reasoning === undefined ? [] : reasoningEvents(plan, 0)),
      ...(plan.call ? callEvents(plan, after) : messageEvents(plan, after, pieces)),
    ]
    if (done) events.push({ type: 'response.completed', response: openaiResponsesWire.whole(plan, usage) })
    return events.map(chunkOf)
  },

  error: openaiChatWire.error,
  errorChunk: (message) => chunkOf({ type: 'error', code: 'server_error', message, param: null }, 0),
}
