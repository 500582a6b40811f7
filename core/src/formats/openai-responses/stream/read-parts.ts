import type { ChatEvent } from '../../../vocabulary/chat-event.ts'
import type { TokenLogprob } from '../../../vocabulary/chat-response.ts'
import type {
  Citation,
  MediaPart,
  NativePart,
  ReasoningPart,
  TextPart,
  ToolCallPart,
} from '../../../vocabulary/parts.ts'

/** A text or refusal whose pieces come in; what a later event repeats is not said twice. */
export interface Said {
  delta(text: string): void
  /** the whole text: only what has not come yet is passed on */
  rest(whole: string): void
  cite(citation: Citation): void
  /** all citations of the text */
  citations(whole: readonly Citation[]): void
  moreLogprobs(logprobs: readonly TokenLogprob[]): void
  /** all log probabilities of the text */
  logprobs(whole: readonly TokenLogprob[]): void
  end(): void
}

/** Reasoning whose pieces come in, by summary paragraph or as it is. */
export interface Thought {
  delta(text: string, paragraph: number | undefined): void
  rest(whole: string, paragraph: number | undefined): void
  /** ends it, with what has not come yet */
  complete(whole: ReasoningPart | undefined): void
}

/** A call's arguments or input. */
export interface ToolInput {
  delta(input: string): void
  rest(whole: string): void
  end(): void
}

/** Numbers the parts of the one choice and tells their events. */
export interface PartEvents {
  say(kind: 'text' | 'refusal', more: Pick<TextPart, 'native'>): Said
  think(id: string | undefined): Thought
  call(part: ToolCallPart): ToolInput
  show(part: NativePart | MediaPart): void
}

type Emit = (event: ChatEvent) => void
type Place = { readonly choice: 0; readonly part: number }

export function partEvents(emit: Emit): PartEvents {
  let count = 0
  const next = (): Place => ({ choice: 0, part: count++ })
  return {
    say: (kind, more) => (kind === 'text' ? sayText(emit, next(), more) : sayRefusal(emit, next())),
    think: (id) => think(emit, next(), id),
    call: (part) => call(emit, next(), part),
    show(part) {
      if (part.type === 'media') emit({ type: 'media', ...next(), media: part })
      else emit({ type: 'native', ...next(), format: part.format, value: part.value })
    },
  }
}

/** Passes pieces of a text on and knows what is missing of the whole. */
function pieces(pass: (text: string) => void): { delta(text: string): void; rest(whole: string): void } {
  let sent = ''
  const delta = (text: string): void => {
    if (text === '') return
    sent += text
    pass(text)
  }
  return { delta, rest: (whole) => (whole.startsWith(sent) ? delta(whole.slice(sent.length)) : undefined) }
}

function sayText(emit: Emit, place: Place, more: Pick<TextPart, 'native'>): Said {
  const text = pieces((piece) => emit({ type: 'text-delta', ...place, text: piece }))
  let cited = 0
  let weighed = 0
  let ended = false
  const cite = (citation: Citation): void => {
    cited++
    emit({ type: 'text-citation', ...place, citation })
  }
  const moreLogprobs = (logprobs: readonly TokenLogprob[]): void => {
    weighed += logprobs.length
    if (logprobs.length > 0) emit({ type: 'logprobs', choice: 0, logprobs })
  }
  emit({ type: 'text-start', ...place, ...more })
  return {
    delta: (piece) => ended || text.delta(piece),
    rest: (whole) => ended || text.rest(whole),
    cite: (citation) => ended || cite(citation),
    citations: (whole) => ended || whole.slice(cited).forEach(cite),
    moreLogprobs,
    logprobs: (whole) => moreLogprobs(whole.slice(weighed)),
    end() {
      if (!ended) emit({ type: 'text-end', ...place })
      ended = true
    },
  }
}

function sayRefusal(emit: Emit, place: Place): Said {
  const text = pieces((piece) => emit({ type: 'refusal-delta', ...place, text: piece }))
  let ended = false
  const nothing = (): void => {}
  emit({ type: 'refusal-start', ...place })
  return {
    delta: (piece) => ended || text.delta(piece),
    rest: (whole) => ended || text.rest(whole),
    cite: nothing,
    citations: nothing,
    moreLogprobs: nothing,
    logprobs: nothing,
    end() {
      if (!ended) emit({ type: 'refusal-end', ...place })
      ended = true
    },
  }
}

function think(emit: Emit, place: Place, id: string | undefined): Thought {
  const paragraphs = new Map<number | undefined, ReturnType<typeof pieces>>()
  let ended = false
  function at(paragraph: number | undefined): ReturnType<typeof pieces> {
    const known = paragraphs.get(paragraph)
    if (known) return known
    const where = { ...place, ...(paragraph !== undefined && { paragraph }) }
    const made = pieces((text) => emit({ type: 'reasoning-delta', ...where, text }))
    paragraphs.set(paragraph, made)
    return made
  }
  emit({ type: 'reasoning-start', ...place, ...(id !== undefined && { id }) })
  return {
    delta: (text, paragraph) => ended || at(paragraph).delta(text),
    rest: (whole, paragraph) => ended || at(paragraph).rest(whole),
    complete(whole) {
      if (ended) return
      ended = true
      if (whole?.summary) for (const [index, text] of whole.summary.entries()) at(index).rest(text)
      else if (whole) at(undefined).rest(whole.text)
      emit({ type: 'reasoning-end', ...place, ...(whole?.opaque && { opaque: whole.opaque }) })
    },
  }
}

function call(emit: Emit, place: Place, part: ToolCallPart): ToolInput {
  const { type: _type, input: _input, cache: _cache, ...start } = part
  const input = pieces((piece) => emit({ type: 'tool-delta', ...place, input: piece }))
  let ended = false
  emit({ type: 'tool-start', ...place, ...start })
  return {
    delta: (piece) => ended || input.delta(piece),
    rest: (whole) => ended || input.rest(whole),
    end() {
      if (!ended) emit({ type: 'tool-end', ...place })
      ended = true
    },
  }
}
