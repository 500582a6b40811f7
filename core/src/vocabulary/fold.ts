import type { ChatEvent, ChatEventOf } from './chat-event.ts'
import type { ChatResponse, Choice, Finish, TokenLogprob } from './chat-response.ts'
import type { AssistantPart, Citation, Opaque } from './parts.ts'
import { noUsage, type Usage } from './usage.ts'

/** A part while its events are still coming. */
interface OpenPart {
  readonly start: ChatEvent
  text: string
  readonly paragraphs: string[]
  readonly citations: Citation[]
  opaque?: Opaque | undefined
}

interface OpenChoice {
  readonly parts: OpenPart[]
  readonly logprobs: TokenLogprob[]
  finish?: Finish
}

/** Builds the whole answer from its events. Never throws: what is missing (a stream cut short) is left at its start value. */
export function fold(events: Iterable<ChatEvent>): ChatResponse {
  const folder = folding()
  for (const event of events) folder.push(event)
  return folder.response()
}

/** The same, event by event. */
export function folding(): { push(event: ChatEvent): void; response(): ChatResponse } {
  const choices = new Map<number, OpenChoice>()
  let start: ChatEventOf<'response-start'> | undefined
  let end: ChatEventOf<'response-end'> | undefined
  let usage: Usage | undefined

  function choiceAt(index: number): OpenChoice {
    const known = choices.get(index)
    if (known) return known
    const made: OpenChoice = { parts: [], logprobs: [] }
    choices.set(index, made)
    return made
  }

  const open = (event: ChatEvent & { choice: number; part: number }): void => {
    choiceAt(event.choice).parts[event.part] = { start: event, text: '', paragraphs: [], citations: [] }
  }
  const part = (event: { choice: number; part: number }) => choices.get(event.choice)?.parts[event.part]
  const append = (event: { choice: number; part: number }, text: string): void => {
    const found = part(event)
    if (found) found.text += text
  }
  const nothing = (): void => {}

  const on: { [T in ChatEvent['type']]: (event: ChatEventOf<T>) => void } = {
    'response-start': (event) => {
      start ??= event
    },
    'text-start': open,
    'text-delta': (event) => append(event, event.text),
    'text-citation': (event) => void part(event)?.citations.push(event.citation),
    'text-end': nothing,
    'reasoning-start': open,
    'reasoning-delta': (event) => {
      append(event, event.text)
      const found = part(event)
      if (found && event.paragraph !== undefined)
        found.paragraphs[event.paragraph] = (found.paragraphs[event.paragraph] ?? '') + event.text
    },
    'reasoning-end': (event) => {
      const found = part(event)
      if (found) found.opaque = event.opaque
    },
    'tool-start': open,
    'tool-delta': (event) => append(event, event.input),
    'tool-end': nothing,
    'refusal-start': open,
    'refusal-delta': (event) => append(event, event.text),
    'refusal-end': nothing,
    media: open,
    native: open,
    logprobs: (event) => void choiceAt(event.choice).logprobs.push(...event.logprobs),
    'choice-end': (event) => {
      choiceAt(event.choice).finish = event.finish
    },
    usage: (event) => {
      usage = event.usage
    },
    ping: nothing,
    error: nothing,
    'response-end': (event) => {
      end = event
    },
  }

  return {
    push: (event) => (on[event.type] as (event: ChatEvent) => void)(event),
    response() {
      const native = end?.native ?? start?.native
      const serviceTier = end?.serviceTier ?? start?.serviceTier
      return {
        id: start?.id ?? '',
        model: start?.model ?? '',
        createdAt: start?.createdAt ?? 0,
        choices: [...choices].sort(([a], [b]) => a - b).map(([index, choice]) => closeChoice(index, choice)),
        usage: end?.usage ?? usage ?? noUsage,
        ...(serviceTier !== undefined && { serviceTier }),
        ...(native && { native }),
      }
    },
  }
}

function closeChoice(index: number, choice: OpenChoice): Choice {
  return {
    index,
    content: choice.parts.flatMap(closePart),
    finish: choice.finish ?? { reason: 'other' },
    ...(choice.logprobs.length > 0 && { logprobs: choice.logprobs }),
  }
}

function closePart({ start, text, paragraphs, citations, opaque }: OpenPart): AssistantPart[] {
  switch (start.type) {
    case 'text-start':
      return [
        {
          type: 'text',
          text,
          ...(citations.length > 0 && { citations }),
          ...(start.native && { native: start.native }),
        },
      ]
    case 'reasoning-start':
      return [
        {
          type: 'reasoning',
          text: paragraphs.length > 0 ? paragraphs.join('\n\n') : text,
          ...(paragraphs.length > 0 && { summary: paragraphs }),
          ...(start.id !== undefined && { id: start.id }),
          ...(opaque && { opaque }),
        },
      ]
    case 'tool-start': {
      const { type: _type, choice: _choice, part: _part, ...call } = start
      return [{ type: 'tool-call', ...call, input: text }]
    }
    case 'refusal-start':
      return [{ type: 'refusal', text }]
    case 'media':
      return [start.media]
    case 'native':
      return [{ type: 'native', format: start.format, value: start.value }]
    default:
      return []
  }
}
