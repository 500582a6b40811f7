import type { JsonObject } from '../../kernel/json.ts'
import type { Asked, Plan } from './plan.ts'

/** One event of a stream as it goes on the wire. */
export interface Chunk {
  readonly event?: string
  readonly data: string
  /** whether it carries something of the answer, not only preamble */
  readonly bears?: boolean
}

export interface StreamOptions {
  /** pieces in which the answer's text is sent */
  readonly pieces: readonly string[]
  readonly usage: boolean
  /** false: the stream just stops before its last event */
  readonly done: boolean
}

/** One wire format as its vendor documents it, written by hand so that it shares no mistake with the codecs under test. */
export interface Wire {
  readonly name: string
  /** end of a line in its streams */
  readonly newline: '\n' | '\r\n'
  ask(body: JsonObject): Omit<Asked, 'model' | 'stream'>
  whole(plan: Plan, usage: boolean): JsonObject
  stream(plan: Plan, options: StreamOptions): Chunk[]
  error(status: number, message: string): JsonObject
  errorChunk(message: string): Chunk
}
