import { asArray, asObject, isObject, type JsonObject } from '../../kernel/json.ts'
import { lastUserText, type Plan, reasoningTokens, textUnder } from './plan.ts'
import type { Wire } from './wire.ts'

function usageOf(plan: Plan): JsonObject {
  const thoughts = reasoningTokens(plan)
  return {
    promptTokenCount: plan.inputTokens,
    candidatesTokenCount: plan.outputTokens - thoughts,
    totalTokenCount: plan.inputTokens + plan.outputTokens,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: plan.inputTokens }],
    ...(thoughts > 0 && { thoughtsTokenCount: thoughts }),
  }
}

const callPart = (plan: Plan): JsonObject => ({
  functionCall: { name: plan.call?.name, args: plan.call?.args, id: `call_fake${plan.serial}` },
  thoughtSignature: 'RmFrZVNpZ25hdHVyZQ==',
})

function answerOf(
  plan: Plan,
  parts: JsonObject[],
  more: { finish?: string; usage?: JsonObject | undefined },
): JsonObject {
  return {
    candidates: [
      {
        content: { parts, role: 'model' },
        ...(more.finish !== undefined && { finishReason: more.finish }),
        index: 0,
      },
    ],
    ...(more.usage && { usageMetadata: more.usage }),
    modelVersion: plan.model,
    responseId: `fake${plan.serial}`,
  }
}

const statuses: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

/** https://ai.google.dev/api/generate-content */
export const geminiWire: Wire = {
  name: 'gemini',
  newline: '\r\n',

  ask(body) {
    const contents = asArray(body.contents)
    const last = contents.at(-1)
    const config = asObject(body.generationConfig)
    const json = config?.responseMimeType === 'application/json'
    return {
      lastText: lastUserText(contents),
      chars: textUnder([body.systemInstruction ?? '', ...contents]).length,
      offers: asArray(body.tools)
        .flatMap((tool) => (isObject(tool) ? asArray(tool.functionDeclarations) : []))
        .flatMap((offer) =>
          isObject(offer) && typeof offer.name === 'string'
            ? [{ name: offer.name, schema: asObject(offer.parametersJsonSchema ?? offer.parameters) }]
            : [],
        ),
      answered: isObject(last) && asArray(last.parts).some((part) => isObject(part) && 'functionResponse' in part),
      schema: asObject(config?.responseJsonSchema ?? config?.responseSchema) ?? (json ? {} : undefined),
      includeUsage: true,
    }
  },

  whole(plan, usage) {
    const parts: JsonObject[] = [
      ...(plan.reasoning === undefined ? [] : [{ text: plan.reasoning, thought: true }]),
      plan.call ? callPart(plan) : { text: plan.text },
    ]
    return answerOf(plan, parts, { finish: 'STOP', usage: usage ? usageOf(plan) : undefined })
  },

  stream(plan, { pieces, usage, done }) {
    const parts: JsonObject[] = [
      ...(plan.reasoning === undefined ? [] : [{ text: plan.reasoning, thought: true }]),
      ...(plan.call ? [callPart(plan)] : pieces.map((text) => ({ text }))),
    ]
    const counted = usage ? usageOf(plan) : undefined
    const ends = done ? { finish: 'STOP', usage: counted } : { usage: counted }
    return [
      ...parts.map((part) => ({ data: JSON.stringify(answerOf(plan, [part], { usage: counted })), bears: true })),
      { data: JSON.stringify(answerOf(plan, [{ text: '' }], ends)) },
    ]
  },

  error: (status, message) => ({
    error: { code: status, message, status: statuses[status] ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT') },
  }),

  errorChunk: (message) => ({ data: JSON.stringify({ error: { code: 503, message, status: 'UNAVAILABLE' } }) }),
}
