import { formatOf } from '../../formats/index.ts'
import { restoreResponse, restoreToolNames, toolNames } from '../../formats/tool-names.ts'
import { asString, parseObject } from '../../kernel/json.ts'
import { chain, type Transducer } from '../../kernel/transducer.ts'
import type { ChatEvent } from '../../vocabulary/chat-event.ts'
import type { ChatRequest } from '../../vocabulary/chat-request.ts'
import type { ChatResponse } from '../../vocabulary/chat-response.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import type { AssistantPart } from '../../vocabulary/parts.ts'

/**
 * Gives an answer's tool calls back what the target format could not carry: the names that the caller declared, and the
 * free text of custom tools, which such a format was asked for as `{"input": "…"}`.
 */
export function restoringEvents(request: ChatRequest, target: FormatId): Transducer<ChatEvent, ChatEvent> {
  const { names, custom } = partsOf(request, target)
  const named = restoreToolNames(names)
  return custom.size === 0 ? named : chain(named, freeText(custom))
}

export function restoringResponse(request: ChatRequest, target: FormatId, response: ChatResponse): ChatResponse {
  const { names, custom } = partsOf(request, target)
  const named = dated(restoreResponse(names, response))
  if (custom.size === 0) return named
  const restore = (part: AssistantPart): AssistantPart =>
    part.type === 'tool-call' && custom.has(part.name) ? { ...part, kind: 'custom', input: textOf(part.input) } : part
  return { ...named, choices: named.choices.map((choice) => ({ ...choice, content: choice.content.map(restore) })) }
}

/** The time of making, which some formats do not tell and others must: now. */
export function dated<T extends { readonly createdAt: number }>(made: T): T {
  return made.createdAt > 0 ? made : { ...made, createdAt: Math.floor(Date.now() / 1000) }
}

function partsOf(request: ChatRequest, target: FormatId) {
  const { wire } = formatOf(target)
  const tools = request.tools ?? []
  const custom = wire.customTools ? [] : tools.filter((tool) => tool.type === 'custom').map((tool) => tool.name)
  return { names: toolNames(tools, wire.toolNames), custom: new Set(custom) }
}

/** The text inside `{"input": "…"}`; what does not look so is the text itself. */
function textOf(input: string): string {
  return asString(parseObject(input)?.input) ?? input
}

/** Calls of custom tools come out as such; their text can be told only when its JSON is complete. */
function freeText(custom: ReadonlySet<string>): Transducer<ChatEvent, ChatEvent> {
  const open = new Map<string, string>()
  return {
    push(event) {
      if (event.type === 'tool-start' && custom.has(event.name)) {
        open.set(`${event.choice}.${event.part}`, '')
        return [{ ...event, kind: 'custom' }]
      }
      if (event.type !== 'tool-delta' && event.type !== 'tool-end') return [event]
      const place = `${event.choice}.${event.part}`
      const text = open.get(place)
      if (text === undefined) return [event]
      if (event.type === 'tool-delta') {
        open.set(place, text + event.input)
        return []
      }
      open.delete(place)
      const input = textOf(text)
      return [
        ...(input === '' ? [] : [{ type: 'tool-delta', choice: event.choice, part: event.part, input } as const]),
        event,
      ]
    },
    end: () => [],
  }
}
