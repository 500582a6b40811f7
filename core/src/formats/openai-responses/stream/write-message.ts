import { asString, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { TokenLogprob } from '../../../vocabulary/chat-response.ts'
import { writeLogprob } from '../content.ts'
import type { Stage } from './stage.ts'

/** Whether an item came to its natural end. */
export type ItemStatus = 'completed' | 'incomplete'

/** A text or a refusal within a message. */
export interface SaidWriter {
  delta(text: string): void
  cite(annotation: JsonObject): void
  logprobs(logprobs: readonly TokenLogprob[]): void
  /** nothing more is said; told when the message settles, for citations and log probabilities may still follow */
  end(): void
}

/** A message while it is being written. Its parts stay open until something else begins. */
export interface MessageWriter {
  say(kind: 'text' | 'refusal'): SaidWriter
  /** the text that was begun last and may still get log probabilities */
  latest(): SaidWriter | undefined
  /** tells the end of the parts that have ended */
  settle(): void
  /** whether every part has ended */
  idle(): boolean
  close(status: ItemStatus): void
}

interface Said extends SaidWriter {
  ended: boolean
  finish(): void
  content(): JsonObject
}

export function writeMessage(stage: Stage, native: JsonObject): MessageWriter {
  const { id, ...more } = native
  const head = { type: 'message', role: 'assistant', ...more }
  const place = stage.open({ ...head, status: 'in_progress', content: [] }, { prefix: 'msg', id: asString(id) })
  const parts: Said[] = []

  function settle(): void {
    for (const part of parts) if (part.ended) part.finish()
  }

  return {
    say(kind) {
      const at = { ...place, content_index: parts.length }
      const part = kind === 'text' ? writeText(stage, at) : writeRefusal(stage, at)
      parts.push(part)
      return part
    },
    latest: () => parts.at(-1),
    settle,
    idle: () => parts.every(({ ended }) => ended),
    close(status) {
      for (const part of parts) part.end()
      settle()
      stage.close(place, { ...head, status, content: parts.map((part) => part.content()) })
    },
  }
}

type At = { readonly [key: string]: Json }

function writeText(stage: Stage, at: At): Said {
  let text = ''
  let fresh: JsonObject[] = []
  let finished = false
  const annotations: JsonObject[] = []
  const logprobs: JsonObject[] = []
  const content = () => ({ type: 'output_text', text, annotations, logprobs })
  stage.emit('response.content_part.added', {
    ...at,
    part: { type: 'output_text', text: '', annotations: [], logprobs: [] },
  })
  return {
    ended: false,
    content,
    delta(delta) {
      if (finished || delta === '') return
      text += delta
      stage.emit('response.output_text.delta', { ...at, delta, logprobs: fresh })
      fresh = []
    },
    cite(annotation) {
      if (finished) return
      stage.emit('response.output_text.annotation.added', { ...at, annotation_index: annotations.length, annotation })
      annotations.push(annotation)
    },
    logprobs(more) {
      if (finished) return
      const written = more.map(writeLogprob)
      logprobs.push(...written)
      fresh.push(...written)
    },
    end() {
      this.ended = true
    },
    finish() {
      if (finished) return
      finished = true
      stage.emit('response.output_text.done', { ...at, text, logprobs })
      stage.emit('response.content_part.done', { ...at, part: content() })
    },
  }
}

function writeRefusal(stage: Stage, at: At): Said {
  let refusal = ''
  let finished = false
  const content = () => ({ type: 'refusal', refusal })
  stage.emit('response.content_part.added', { ...at, part: { type: 'refusal', refusal: '' } })
  return {
    ended: false,
    content,
    delta(delta) {
      if (finished || delta === '') return
      refusal += delta
      stage.emit('response.refusal.delta', { ...at, delta })
    },
    cite() {},
    logprobs() {},
    end() {
      this.ended = true
    },
    finish() {
      if (finished) return
      finished = true
      stage.emit('response.refusal.done', { ...at, refusal })
      stage.emit('response.content_part.done', { ...at, part: content() })
    },
  }
}
