import type { Transducer } from './transducer.ts'

/** One message of a stream: what an SSE event, a JSON line or a member of a streamed array carries. */
export interface Frame {
  readonly event?: string
  readonly data: string
}

/** How frames lie in bytes. */
export interface Framing {
  readonly contentType: string
  read(): Transducer<Uint8Array, Frame>
  write(): Transducer<Frame, Uint8Array>
}
