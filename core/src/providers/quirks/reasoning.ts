import { asArray } from '../../kernel/json.ts'
import type { Quirk } from '../provider.ts'
import { eachMessage } from './walk.ts'

/** Switches thinking by the vendor's own field as `reasoning_effort` says; the effort itself stays, but for `none`. */
export const thinkingSwitch: Quirk = {
  kind: 'rewrite',
  touches: ['reasoning_effort'],
  effect: 'same',
  why: 'switches thinking on and off by the field thinking',
  body: (body) => {
    const { reasoning_effort: effort, ...rest } = body
    if (typeof effort !== 'string') return body
    if (effort === 'none') return { ...rest, thinking: rest.thinking ?? { type: 'disabled' } }
    return rest.thinking === undefined ? { ...body, thinking: { type: 'enabled' } } : body
  },
}

/** Gives assistant messages with tool calls the reasoning that the vendor insists on, blank where another model left none. */
export const fillReasoning: Quirk = {
  kind: 'rewrite',
  touches: ['messages'],
  effect: 'same',
  why: 'wants reasoning_content in every assistant message that calls tools',
  body: eachMessage((message) => {
    if (message.role !== 'assistant' || asArray(message.tool_calls).length === 0) return message
    const told = message.reasoning_content
    return typeof told === 'string' && told !== '' ? message : { ...message, reasoning_content: ' ' }
  }),
}
