import type { Frame } from '../../kernel/framing.ts'
import { asArray, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { type Findings, findings, objectOf } from './findings.ts'

interface ChoiceState {
  finished: boolean
  readonly tools: Set<number>
}

interface StreamState {
  identity?: string
  readonly choices: Map<number, ChoiceState>
  usage: boolean
}

/**
 * What is wrong with a stream of chat completion chunks; empty when it is legal
 * (https://platform.openai.com/docs/api-reference/chat-streaming).
 */
export function checkOpenaiChatStream(
  frames: readonly Frame[],
  options: { readonly includeUsage?: boolean } = {},
): string[] {
  const found = findings()
  const state: StreamState = { choices: new Map(), usage: false }
  let failed = false
  let done = false
  for (const [at, frame] of frames.entries()) {
    found.expect(frame.event === undefined, at, 'frames have no event name')
    if (!found.expect(!done, at, 'something follows [DONE]')) break
    if (frame.data === '[DONE]') {
      done = true
      continue
    }
    if (!found.expect(!failed, at, 'a chunk follows an error')) break
    const chunk = objectOf(frame, at, found)
    if (!chunk) continue
    if (isObject(chunk.error)) failed = true
    else checkChunk(chunk, at, { found, state, includeUsage: options.includeUsage === true })
  }
  const end = frames.length
  found.expect(done || failed, end, 'the stream ends without [DONE]')
  if (!failed) {
    found.expect(state.identity !== undefined, end, 'the stream has no chunk')
    found.expect(!options.includeUsage || state.usage, end, 'the usage that was asked for is missing')
    for (const [index, choice] of state.choices)
      found.expect(choice.finished, end, `choice ${index} has no finish_reason`)
  }
  return found.list
}

interface Context {
  readonly found: Findings
  readonly state: StreamState
  readonly includeUsage: boolean
}

function checkChunk(chunk: JsonObject, at: number, { found, state, includeUsage }: Context): void {
  found.expect(chunk.object === 'chat.completion.chunk', at, 'object is not chat.completion.chunk')
  found.expect(typeof chunk.id === 'string' && chunk.id !== '', at, 'id is missing')
  found.expect(typeof chunk.created === 'number', at, 'created is missing')
  found.expect(typeof chunk.model === 'string', at, 'model is missing')
  const identity = JSON.stringify([chunk.id, chunk.created, chunk.model])
  state.identity ??= identity
  found.expect(state.identity === identity, at, 'id, created or model changed')
  if (!found.expect(Array.isArray(chunk.choices), at, 'choices is not an array')) return
  const choices = asArray(chunk.choices)
  found.expect(!state.usage, at, 'a chunk follows the usage chunk')
  if (choices.length === 0) {
    found.expect(includeUsage, at, 'a usage chunk that was not asked for')
    found.expect(isObject(chunk.usage), at, 'a chunk without choices has no usage')
    for (const [index, choice] of state.choices)
      found.expect(choice.finished, at, `usage before choice ${index} is finished`)
    state.usage = true
    return
  }
  found.expect(chunk.usage === undefined || chunk.usage === null, at, 'usage in a chunk with choices')
  for (const choice of choices) checkChoice(choice, at, { found, state, includeUsage })
}

function checkChoice(value: Json, at: number, { found, state }: Context): void {
  if (!found.expect(isObject(value), at, 'a choice is not an object') || !isObject(value)) return
  const { index, delta } = value
  if (typeof index !== 'number') {
    found.expect(false, at, 'a choice has no index')
    return
  }
  if (!isObject(delta)) {
    found.expect(false, at, 'a choice has no delta')
    return
  }
  const known = state.choices.get(index)
  const choice = known ?? { finished: false, tools: new Set<number>() }
  state.choices.set(index, choice)
  found.expect(!choice.finished, at, `choice ${index} goes on after its finish`)
  if (!known) found.expect(delta.role === 'assistant', at, `choice ${index} does not begin with its role`)
  else found.expect(delta.role === undefined, at, `choice ${index} repeats its role`)
  checkDelta(delta, at, { found, choice })
  found.expect(
    value.finish_reason === null || typeof value.finish_reason === 'string',
    at,
    'finish_reason is neither null nor text',
  )
  if (typeof value.finish_reason === 'string') {
    found.expect(Object.keys(delta).length === 0, at, 'the finishing delta is not empty')
    choice.finished = true
  }
}

function checkDelta(delta: JsonObject, at: number, { found, choice }: { found: Findings; choice: ChoiceState }): void {
  found.expect(
    delta.content === undefined || delta.content === null || typeof delta.content === 'string',
    at,
    'delta.content is not text',
  )
  if (!('tool_calls' in delta)) return
  if (!found.expect(Array.isArray(delta.tool_calls), at, 'tool_calls is not an array')) return
  for (const call of asArray(delta.tool_calls)) {
    if (!isObject(call) || typeof call.index !== 'number') {
      found.expect(false, at, 'a tool call has no index')
      continue
    }
    const first = !choice.tools.has(call.index)
    const inner = isObject(call.function) ? call.function : isObject(call.custom) ? call.custom : undefined
    if (first) {
      found.expect(call.index === choice.tools.size, at, `tool index ${call.index} is not the next`)
      found.expect(typeof call.id === 'string' && call.id !== '', at, 'the first fragment of a call has no id')
      found.expect(typeof inner?.name === 'string' && inner.name !== '', at, 'the first fragment of a call has no name')
      choice.tools.add(call.index)
    } else {
      found.expect(call.id === undefined, at, 'a later fragment repeats the id')
      found.expect(inner !== undefined && inner.name === undefined, at, 'a later fragment repeats the name')
    }
  }
}
