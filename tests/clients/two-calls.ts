import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'

/** An answer that calls the tool twice at once, as each vendor sends it: for Paris and for Rome. */
export function twoCalls(format: FormatId, stream: boolean): Response {
  const { whole, events } = answers[format]
  if (!stream) return Response.json(whole)
  return new Response(events.join(''), { headers: { 'content-type': 'text/event-stream' } })
}

interface TwoCalls {
  readonly whole: JsonObject
  readonly events: readonly string[]
}

const plain = (body: JsonObject): string => `data: ${JSON.stringify(body)}\n\n`
const named = (body: JsonObject & { type: string }): string => `event: ${body.type}\n${plain(body)}`
const paris = '{"city":"Paris"}'
const rome = '{"city":"Rome"}'
const name = 'get_weather'

const chatEnvelope = { id: 'chatcmpl-2', created: 1_750_000_000, model: 'gpt-4o' }
const chatChunk = (delta: JsonObject, finish_reason: string | null = null): string =>
  plain({ ...chatEnvelope, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })
const chatUsage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 }
const chatCall = (index: number, id: string) => ({
  index,
  id,
  type: 'function',
  function: { name, arguments: '' },
})

/** https://platform.openai.com/docs/api-reference/chat */
const openaiChat: TwoCalls = {
  whole: {
    ...chatEnvelope,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_paris', type: 'function', function: { name, arguments: paris } },
            { id: 'call_rome', type: 'function', function: { name, arguments: rome } },
          ],
        },
        finish_reason: 'tool_calls',
      },
    ],
    usage: chatUsage,
  },
  events: [
    chatChunk({ role: 'assistant', content: null }),
    chatChunk({ tool_calls: [chatCall(0, 'call_paris')] }),
    chatChunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
    chatChunk({ tool_calls: [{ index: 0, function: { arguments: '"Paris"}' } }] }),
    chatChunk({ tool_calls: [chatCall(1, 'call_rome')] }),
    chatChunk({ tool_calls: [{ index: 1, function: { arguments: rome } }] }),
    chatChunk({}, 'tool_calls'),
    plain({ ...chatEnvelope, object: 'chat.completion.chunk', choices: [], usage: chatUsage }),
    'data: [DONE]\n\n',
  ],
}

const item = (id: string, args: string, status: string): JsonObject => ({
  type: 'function_call',
  id: `fc_${id}`,
  call_id: `call_${id}`,
  name,
  arguments: args,
  status,
})
const response = (status: string, output: JsonObject[]): JsonObject => ({
  id: 'resp_2',
  object: 'response',
  created_at: 1_750_000_000,
  status,
  error: null,
  incomplete_details: null,
  model: 'gpt-5.1-codex',
  output,
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [],
  usage:
    status === 'completed'
      ? {
          input_tokens: 20,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens: 10,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: 30,
        }
      : null,
})
const bothItems = [item('paris', paris, 'completed'), item('rome', rome, 'completed')]
const itemEvents = (output_index: number, id: string, args: string): (JsonObject & { type: string })[] => [
  { type: 'response.output_item.added', output_index, item: item(id, '', 'in_progress') },
  { type: 'response.function_call_arguments.delta', item_id: `fc_${id}`, output_index, delta: args },
  { type: 'response.function_call_arguments.done', item_id: `fc_${id}`, output_index, arguments: args },
  { type: 'response.output_item.done', output_index, item: item(id, args, 'completed') },
]

/** https://platform.openai.com/docs/api-reference/responses */
const openaiResponses: TwoCalls = {
  whole: response('completed', bothItems),
  events: [
    { type: 'response.created', response: response('in_progress', []) },
    { type: 'response.in_progress', response: response('in_progress', []) },
    ...itemEvents(0, 'paris', paris),
    ...itemEvents(1, 'rome', rome),
    { type: 'response.completed', response: response('completed', bothItems) },
  ].map((event, sequence_number) => named({ ...event, sequence_number })),
}

const message = { id: 'msg_2', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5' }
const toolUse = (id: string, input: JsonObject): JsonObject => ({ type: 'tool_use', id: `toolu_${id}`, name, input })
const block = (index: number, id: string, pieces: string[]): (JsonObject & { type: string })[] => [
  { type: 'content_block_start', index, content_block: toolUse(id, {}) },
  ...pieces.map((partial_json) => ({
    type: 'content_block_delta',
    index,
    delta: { type: 'input_json_delta', partial_json },
  })),
  { type: 'content_block_stop', index },
]

/** https://docs.anthropic.com/en/docs/build-with-claude/streaming */
const anthropicMessages: TwoCalls = {
  whole: {
    ...message,
    content: [toolUse('paris', { city: 'Paris' }), toolUse('rome', { city: 'Rome' })],
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 20, output_tokens: 10 },
  },
  events: [
    {
      type: 'message_start',
      message: {
        ...message,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 20, output_tokens: 1 },
      },
    },
    ...block(0, 'paris', ['', '{"city":', ' "Paris"}']),
    ...block(1, 'rome', [rome]),
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { output_tokens: 10 },
    },
    { type: 'message_stop' },
  ].map(named),
}

const candidate = (parts: JsonObject[], finishReason?: string): JsonObject => ({
  candidates: [{ index: 0, content: { role: 'model', parts }, ...(finishReason !== undefined && { finishReason }) }],
  usageMetadata: { promptTokenCount: 20, candidatesTokenCount: 10, totalTokenCount: 30 },
  modelVersion: 'gemini-2.5-pro',
  responseId: 'two',
})
const bothParts: JsonObject[] = [
  { functionCall: { name, args: { city: 'Paris' } }, thoughtSignature: 'c2lnbmF0dXJl' },
  { functionCall: { name, args: { city: 'Rome' } } },
]

/** https://ai.google.dev/gemini-api/docs/function-calling: calls come without ids */
const gemini: TwoCalls = {
  whole: candidate(bothParts, 'STOP'),
  events: [...bothParts.map((part) => plain(candidate([part]))), plain(candidate([{ text: '' }], 'STOP'))],
}

const answers: Readonly<Record<FormatId, TwoCalls>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'anthropic-messages': anthropicMessages,
  gemini,
}
