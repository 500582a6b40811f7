import type { GatewayError } from '../../kernel/faults.ts'
import { estimateTokens } from '../../models/estimate.ts'
import type { ChatEvent } from '../../vocabulary/chat-event.ts'
import { type Usage, usageOf } from '../../vocabulary/usage.ts'

/** Adds up, event by event, what a stream delivered and what the provider says it used. */
export interface Tally {
  add(event: ChatEvent): void
  usage(inputEstimate: number): Usage | undefined
  failure(): GatewayError | undefined
  serviceTier(): string | undefined
}

/**
 * Usage precedence: the provider's final figures; its figures so far for the buckets it named, with the output counted from what
 * was delivered; an estimate of both. An explicit zero is a value. Error text is never output.
 */
export function tally(): Tally {
  let final: Usage | undefined
  let running: Usage | undefined
  let failure: GatewayError | undefined
  let ended = false
  let tier: string | undefined
  let text = 0
  return {
    add(event) {
      if (event.type === 'response-start' || event.type === 'response-end') tier = event.serviceTier ?? tier
      if (event.type === 'text-delta' || event.type === 'reasoning-delta' || event.type === 'refusal-delta')
        text += estimateTokens(event.text)
      else if (event.type === 'tool-delta') text += estimateTokens(event.input)
      else if (event.type === 'usage') running = tells(event.usage) ? event.usage : running
      else if (event.type === 'error') failure ??= event.error
      else if (event.type === 'response-end') {
        ended = true
        if (event.usage.source === 'provider' && tells(event.usage)) final = event.usage
      }
    },
    usage(inputEstimate) {
      if (final) return final
      if (ended && running) return running
      if (!running && text === 0) return undefined
      if (!running) return usageOf({ input: inputEstimate, output: text, source: 'counted' })
      return { ...running, output: Math.max(running.output, text), source: 'counted' }
    },
    failure: () => failure,
    serviceTier: () => tier,
  }
}

/** Whether these are somebody's figures; a reader that was told none has zeros to show. */
function tells({ raw, input, output }: Usage): boolean {
  return (raw !== undefined && Object.keys(raw).length > 0) || input + output > 0
}
