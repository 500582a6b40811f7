import type { ChatRequest } from '../../vocabulary/chat-request.ts'
import type { ChatResponse, Choice, Finish } from '../../vocabulary/chat-response.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import type { AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage } from '../../vocabulary/messages.ts'
import type {
  AssistantPart,
  MediaPart,
  MediaSource,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  UserPart,
} from '../../vocabulary/parts.ts'
import { type UsageParts, usageOf } from '../../vocabulary/usage.ts'

/** One exchange in the vocabulary. Every format writes and reads every one of them. */
export interface Conversation {
  readonly name: string
  /** the format that carries all of it, down to raw finish words, signatures and usage buckets */
  readonly home?: FormatId
  readonly request: ChatRequest
  readonly response: ChatResponse
}

export const text = (words: string, more: Omit<Partial<TextPart>, 'type' | 'text'> = {}): TextPart => ({
  type: 'text',
  text: words,
  ...more,
})

export const media = (
  kind: MediaPart['kind'],
  source: MediaSource,
  more: Omit<Partial<MediaPart>, 'type' | 'kind' | 'source'> = {},
): MediaPart => ({ type: 'media', kind, source, ...more })

export const call = (
  id: string,
  name: string,
  input: string,
  more: Omit<Partial<ToolCallPart>, 'type' | 'id' | 'name' | 'input'> = {},
): ToolCallPart => ({ type: 'tool-call', id, name, kind: 'function', input, ...more })

const asPart = <T>(part: T | string): T | TextPart => (typeof part === 'string' ? text(part) : part)

export const system = (...content: (TextPart | string)[]): SystemMessage => ({
  role: 'system',
  content: content.map(asPart),
})

export const developer = (...content: (TextPart | string)[]): SystemMessage => ({
  role: 'developer',
  content: content.map(asPart),
})

export const user = (...content: (UserPart | string)[]): UserMessage => ({ role: 'user', content: content.map(asPart) })

export const assistant = (...content: (AssistantPart | string)[]): AssistantMessage => ({
  role: 'assistant',
  content: content.map(asPart),
})

export function result(
  callId: string,
  content: string | readonly ToolResultPart[],
  more: Omit<Partial<ToolMessage>, 'role' | 'callId' | 'content'> = {},
): ToolMessage {
  return { role: 'tool', callId, content: typeof content === 'string' ? [text(content)] : content, ...more }
}

interface AnswerOptions {
  readonly finish?: Finish
  readonly usage?: UsageParts
  readonly choices?: readonly Choice[]
  readonly logprobs?: Choice['logprobs']
  readonly serviceTier?: string
  readonly native?: ChatResponse['native']
}

/** An answer of one choice; it ends in tool calls when there are any and nothing else is said. */
export function answer(content: string | readonly AssistantPart[], options: AnswerOptions = {}): ChatResponse {
  const parts = typeof content === 'string' ? [text(content)] : content
  const calls = parts.some((part) => part.type === 'tool-call')
  const finish = options.finish ?? { reason: calls ? 'tool-calls' : 'stop' }
  const first: Choice = {
    index: 0,
    content: parts,
    finish,
    ...(options.logprobs && { logprobs: options.logprobs }),
  }
  return {
    id: 'answer-1',
    model: 'corpus-model',
    createdAt: 1_750_000_000,
    choices: [first, ...(options.choices ?? [])],
    usage: usageOf(options.usage ?? { input: 21, output: 8 }),
    ...(options.serviceTier !== undefined && { serviceTier: options.serviceTier }),
    ...(options.native && { native: options.native }),
  }
}

/** What `conversation` takes beyond its messages and answer. */
interface More extends Partial<Omit<ChatRequest, 'messages'>> {
  readonly home?: FormatId
}

export function conversation(
  name: string,
  messages: readonly Message[],
  response: ChatResponse | string,
  { home, ...request }: More = {},
): Conversation {
  return {
    name,
    ...(home && { home }),
    request: { model: 'corpus-model', messages, ...request },
    response: typeof response === 'string' ? answer(response) : response,
  }
}
