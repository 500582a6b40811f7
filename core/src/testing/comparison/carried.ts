import { compact } from '../../kernel/json.ts'
import type { ChatResponse, Choice, Finish } from '../../vocabulary/chat-response.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import type { AssistantPart, Citation, Opaque } from '../../vocabulary/parts.ts'
import type { Usage } from '../../vocabulary/usage.ts'

/** What a format has a place for in an answer, beyond text, calls, a finish and totals of usage. */
interface Capacity {
  readonly createdAt: boolean
  readonly choices: boolean
  readonly logprobs: boolean
  readonly refusal: boolean
  readonly media: readonly string[]
  readonly custom: boolean
  readonly serviceTier: boolean
  /** several text parts of one message stay apart */
  readonly textParts: boolean
}

const capacities: Readonly<Record<FormatId, Capacity>> = {
  'openai-chat': {
    createdAt: true,
    choices: true,
    logprobs: true,
    refusal: true,
    media: ['image', 'audio'],
    custom: true,
    serviceTier: true,
    textParts: false,
  },
  'openai-responses': {
    createdAt: true,
    choices: false,
    logprobs: false,
    refusal: true,
    media: [],
    custom: true,
    serviceTier: true,
    textParts: true,
  },
  'anthropic-messages': {
    createdAt: false,
    choices: false,
    logprobs: false,
    refusal: false,
    media: [],
    custom: false,
    serviceTier: false,
    textParts: true,
  },
  gemini: {
    createdAt: false,
    choices: true,
    logprobs: false,
    refusal: false,
    media: ['image', 'audio'],
    custom: false,
    serviceTier: false,
    textParts: false,
  },
}

/** Reasons that other formats have no word for, as the nearest they have. */
const plainReason = (finish: Finish): string => {
  const near: Readonly<Record<string, string>> = {
    'stop-sequence': 'stop',
    pause: 'stop',
    other: 'stop',
    'context-length': 'length',
    refusal: 'content-filter',
  }
  return near[finish.reason] ?? finish.reason
}

/** Whether the answer refuses in a part of its own, which a format without such parts may also tell by its finish. */
export function refuses(response: ChatResponse, format: FormatId): boolean {
  const parts = response.choices.flatMap(({ content }) => content)
  return !capacities[format].refusal && parts.some(({ type }) => type === 'refusal')
}

/** Whether the answer has a medium that the format has no place for, so that words must stand in for it. */
export function losesMedia(response: ChatResponse, format: FormatId): boolean {
  const parts = response.choices.flatMap(({ content }) => content)
  return parts.some((part) => part.type === 'media' && !capacities[format].media.includes(part.kind))
}

/**
 * The answer as far as a format can carry it. Laws compare this of both sides: of what was written and of what was read back.
 * At home nothing is taken away but what the wire has no place for at all.
 */
export function carried(response: ChatResponse, format: FormatId, home: boolean): unknown {
  const can = capacities[format]
  const choices = can.choices ? response.choices : response.choices.slice(0, 1)
  return compact({
    id: response.id,
    model: response.model,
    createdAt: can.createdAt ? response.createdAt : undefined,
    serviceTier: can.serviceTier ? response.serviceTier : undefined,
    native: home && response.native?.format === format ? response.native : undefined,
    usage: carriedUsage(response.usage, home),
    choices: choices.map((choice) => carriedChoice(choice, format, home)),
  })
}

function carriedUsage({ raw: _raw, source: _source, ...buckets }: Usage, home: boolean): unknown {
  return home ? buckets : { input: buckets.input, output: buckets.output }
}

function carriedChoice(choice: Choice, format: FormatId, home: boolean): unknown {
  const can = capacities[format]
  const parts = choice.content.flatMap((part) => carriedPart(part, format, home))
  return compact({
    index: choice.index,
    content: can.textParts ? parts : joinTexts(parts),
    finish: home ? { reason: choice.finish.reason, sequence: choice.finish.sequence } : plainReason(choice.finish),
    logprobs: can.logprobs ? choice.logprobs : undefined,
  })
}

/** Neighbouring texts as one, and empty ones gone. */
function joinTexts(parts: readonly CarriedPart[]): CarriedPart[] {
  const out: CarriedPart[] = []
  for (const part of parts) {
    const last = out.at(-1)
    if (part.type !== 'text' || last?.type !== 'text' || part.citations || last.citations) out.push(part)
    else out[out.length - 1] = { ...last, text: `${String(last.text)}${String(part.text)}` }
  }
  return out.filter((part) => part.type !== 'text' || part.text !== '')
}

type CarriedPart = { readonly [key: string]: unknown; readonly type: string }

const own = <T extends { readonly format: FormatId }>(sealed: T | undefined, format: FormatId): T | undefined =>
  sealed?.format === format ? sealed : undefined

function carriedPart(part: AssistantPart, format: FormatId, home: boolean): CarriedPart[] {
  const can = capacities[format]
  const carriers: { [T in AssistantPart['type']]: (part: Extract<AssistantPart, { type: T }>) => CarriedPart[] } = {
    text: ({ text, citations }) => [
      compact({
        type: 'text',
        text,
        citations: home ? citations?.map((citation) => carriedCitation(citation)) : undefined,
      }),
    ],
    reasoning: ({ text, summary, id, opaque }) =>
      carriedThought({ text, summary, id, opaque: own<Opaque>(opaque, format) }, home),
    'tool-call': (call) => [
      compact({
        type: 'tool-call',
        id: call.id,
        name: call.name,
        kind: can.custom ? call.kind : undefined,
        input: can.custom || call.kind === 'function' ? sameInput(call) : { input: call.input },
        namespace: home ? call.namespace : undefined,
        itemId: home ? call.itemId : undefined,
        opaque: own<Opaque>(call.opaque, format),
      }),
    ],
    refusal: ({ text }) => [{ type: can.refusal ? 'refusal' : 'text', text }],
    media: (medium) =>
      can.media.includes(medium.kind) ? [{ type: 'media', kind: medium.kind, source: medium.source }] : [],
    native: (native) => (native.format === format ? [{ type: 'native', value: native.value }] : []),
  }
  return (carriers[part.type] as (part: AssistantPart) => CarriedPart[])(part)
}

/** Arguments mean what they parse to; formats that carry objects cannot keep their spelling. */
function sameInput({ kind, input }: { readonly kind: string; readonly input: string }): unknown {
  if (kind === 'custom') return input
  return input === '' ? {} : JSON.parse(input)
}

const carriedCitation = ({ native: _native, ...citation }: Citation): Citation => citation

interface Thought {
  readonly text: string
  readonly summary: readonly string[] | undefined
  readonly id: string | undefined
  readonly opaque: Opaque | undefined
}

function carriedThought({ text, summary, id, opaque }: Thought, home: boolean): CarriedPart[] {
  if (text === '' && !opaque) return []
  return [compact({ type: 'reasoning', text, opaque, ...(home && { summary, id }) })]
}
