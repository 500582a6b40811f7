import type { ChatEvent } from './chat-event.ts'
import type { ChatRequest } from './chat-request.ts'
import type { ChatResponse } from './chat-response.ts'

/** What can be asked and answered, by operation. */
export interface Operations {
  readonly chat: { readonly request: ChatRequest; readonly response: ChatResponse; readonly event: ChatEvent }
}

export type Operation = keyof Operations
export type RequestOf<Op extends Operation> = Operations[Op]['request']
export type ResponseOf<Op extends Operation> = Operations[Op]['response']
export type EventOf<Op extends Operation> = Operations[Op]['event']
