import type { GatewayError } from '../../kernel/faults.ts'
import type { Usage } from '../../vocabulary/usage.ts'

/** A stream on its way to the caller: the provider's blocks in, the caller's bytes out, metered as it goes. Never waits. */
export interface Flow {
  readonly contentType: string
  /** what to send for one block from the provider */
  push(block: Uint8Array): Uint8Array
  /** what to send after the last block */
  end(): Uint8Array
  /** what to send when the line was cut after content: one error event in the caller's format, and nothing after it */
  fail(error: GatewayError): Uint8Array
  /** whether what went out ends with a whole event, so that something may stand behind it */
  between(): boolean
  /** usage as the provider told it, or counted from what was delivered; undefined when nothing is known */
  usage(): Usage | undefined
  /** the tier that the provider says it served the call at */
  serviceTier(): string | undefined
  /** the failure that the provider told within the stream, if any */
  failure(): GatewayError | undefined
}

export const nothing = new Uint8Array(0)
