import { asArray, asObject, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { createdAt, lastUserText, type Plan, reasoningTokens, textUnder } from './plan.ts'
import type { Wire } from './wire.ts'

function usageOf(plan: Plan): JsonObject {
  return {
    prompt_tokens: plan.inputTokens,
    completion_tokens: plan.outputTokens,
    total_tokens: plan.inputTokens + plan.outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoningTokens(plan),
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

const finishOf = (plan: Plan): string => (plan.call ? 'tool_calls' : 'stop')
const envelope = (plan: Plan, object: string): JsonObject => ({
  id: `chatcmpl-fake${plan.serial}`,
  object,
  created: createdAt,
  model: plan.model,
})

/** https://platform.openai.com/docs/api-reference/chat */
export const openaiChatWire: Wire = {
  name: 'openai-chat',
  newline: '\n',

  ask(body) {
    const messages = asArray(body.messages)
    const last = messages.at(-1)
    const format = asObject(body.response_format)
    return {
      lastText: lastUserText(messages),
      chars: textUnder(messages).length,
      offers: asArray(body.tools).flatMap((tool) => {
        const inner = isObject(tool) ? (asObject(tool.function) ?? asObject(tool.custom)) : undefined
        return typeof inner?.name === 'string' ? [{ name: inner.name, schema: asObject(inner.parameters) }] : []
      }),
      answered: isObject(last) && last.role === 'tool',
      schema:
        format?.type === 'json_schema'
          ? asObject(asObject(format.json_schema)?.schema)
          : format?.type === 'json_object'
            ? {}
            : undefined,
      includeUsage: asObject(body.stream_options)?.include_usage === true,
    }
  },

  whole(plan, usage) {
    const call = plan.call && {
      id: `call_fake${plan.serial}`,
      type: 'function',
      function: { name: plan.call.name, arguments: plan.call.input },
    }
    return {
      ...envelope(plan, 'chat.completion'),
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: call ? null : plan.text,
            refusal: null,
            annotations: [],
            ...(plan.reasoning !== undefined && { reasoning_content: plan.reasoning }),
            ...(call && { tool_calls: [call] }),
          },
          logprobs: null,
          finish_reason: finishOf(plan),
        },
      ],
      ...(usage && { usage: usageOf(plan) }),
      service_tier: 'default',
      system_fingerprint: 'fp_fake',
    }
  },

  stream(plan, { pieces, usage, done }) {
    const counted = usage && plan.includeUsage
    const chunk = (choices: Json[], use: Json): string =>
      JSON.stringify({
        ...envelope(plan, 'chat.completion.chunk'),
        service_tier: 'default',
        system_fingerprint: 'fp_fake',
        choices,
        ...(counted && { usage: use }),
      })
    const delta = (value: JsonObject, finish: string | null = null, bears = true) => ({
      data: chunk([{ index: 0, delta: value, logprobs: null, finish_reason: finish }], null),
      bears,
    })
    const { call } = plan
    const head = call && {
      index: 0,
      id: `call_fake${plan.serial}`,
      type: 'function',
      function: { name: call.name, arguments: '' },
    }
    return [
      delta({ role: 'assistant', content: call ? null : '', refusal: null }, null, false),
      ...(plan.reasoning === undefined ? [] : [delta({ reasoning_content: plan.reasoning })]),
      ...(call && head
        ? [delta({ tool_calls: [head] }), delta({ tool_calls: [{ index: 0, function: { arguments: call.input } }] })]
        : pieces.map((content) => delta({ content }))),
      delta({}, finishOf(plan)),
      ...(counted ? [{ data: chunk([], usageOf(plan)) }] : []),
      ...(done ? [{ data: '[DONE]' }] : []),
    ]
  },

  error(status, message) {
    const known: Readonly<Record<number, [string, string]>> = {
      401: ['invalid_request_error', 'invalid_api_key'],
      404: ['invalid_request_error', 'model_not_found'],
      429: ['requests', 'rate_limit_exceeded'],
    }
    const [type, code] = known[status] ?? (status >= 500 ? ['server_error', null] : ['invalid_request_error', null])
    return { error: { message, type, param: null, code } }
  },

  errorChunk: (message) => ({
    data: JSON.stringify({ error: { message, type: 'server_error', param: null, code: null } }),
  }),
}
