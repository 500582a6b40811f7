import type { ChatEvent } from './chat-event.ts'
import type { ChatResponse, Choice } from './chat-response.ts'
import type { AssistantPart } from './parts.ts'

/** The shortest sequence of events that folds to this answer. */
export function unfold(response: ChatResponse): ChatEvent[] {
  const { id, model, createdAt, serviceTier, native } = response
  return [
    {
      type: 'response-start',
      id,
      model,
      createdAt,
      ...(serviceTier !== undefined && { serviceTier }),
      ...(native && { native }),
    },
    ...response.choices.flatMap(unfoldChoice),
    { type: 'response-end', usage: response.usage, ...(native && { native }) },
  ]
}

function unfoldChoice(choice: Choice): ChatEvent[] {
  return [
    ...choice.content.flatMap((part, at) => unfoldPart(part, { choice: choice.index, part: at })),
    ...(choice.logprobs ? [{ type: 'logprobs', choice: choice.index, logprobs: choice.logprobs } as const] : []),
    { type: 'choice-end', choice: choice.index, finish: choice.finish },
  ]
}

type Place = { readonly choice: number; readonly part: number }
type Unfolders = {
  [T in AssistantPart['type']]: (part: Extract<AssistantPart, { type: T }>, place: Place) => ChatEvent[]
}

const unfolders: Unfolders = {
  text: (part, place) => [
    { type: 'text-start', ...place, ...(part.native && { native: part.native }) },
    ...(part.text === '' ? [] : [{ type: 'text-delta', ...place, text: part.text } as const]),
    ...(part.citations ?? []).map((citation) => ({ type: 'text-citation', ...place, citation }) as const),
    { type: 'text-end', ...place },
  ],
  reasoning: (part, place) => [
    { type: 'reasoning-start', ...place, ...(part.id !== undefined && { id: part.id }) },
    ...(part.summary
      ? part.summary.map((text, paragraph) => ({ type: 'reasoning-delta', ...place, text, paragraph }) as const)
      : part.text === ''
        ? []
        : [{ type: 'reasoning-delta', ...place, text: part.text } as const]),
    { type: 'reasoning-end', ...place, ...(part.opaque && { opaque: part.opaque }) },
  ],
  'tool-call': ({ type: _type, input, cache: _cache, ...call }, place) => [
    { type: 'tool-start', ...place, ...call },
    ...(input === '' ? [] : [{ type: 'tool-delta', ...place, input } as const]),
    { type: 'tool-end', ...place },
  ],
  refusal: (part, place) => [
    { type: 'refusal-start', ...place },
    ...(part.text === '' ? [] : [{ type: 'refusal-delta', ...place, text: part.text } as const]),
    { type: 'refusal-end', ...place },
  ],
  media: (media, place) => [{ type: 'media', ...place, media }],
  native: (part, place) => [{ type: 'native', ...place, format: part.format, value: part.value }],
}

function unfoldPart(part: AssistantPart, place: Place): ChatEvent[] {
  return (unfolders[part.type] as (part: AssistantPart, place: Place) => ChatEvent[])(part, place)
}
