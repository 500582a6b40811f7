import type { Call } from 'turnpike-core/internal/client/call'
import type { Exchange } from '../vocabulary/exchange.ts'

/** Longest request and answer that are kept, in bytes; the rest is cut. */
const mostBytes = 256 * 1024

/** Takes down what is answered, where the operator wants it kept. */
export interface Transcript {
  said(bytes: Uint8Array): void
  /** what was taken down so far */
  of(call: Call | undefined): Exchange['transcript']
}

const silent: Transcript = { said: () => {}, of: () => undefined }

export function openTranscript(wanted: boolean): Transcript {
  if (!wanted) return silent
  const blocks: Uint8Array[] = []
  let size = 0
  return {
    said(bytes) {
      if (size >= mostBytes) return
      // a copy: the block's memory is its sender's
      blocks.push(bytes.slice(0, mostBytes - size))
      size += bytes.length
    },
    of: (call) => ({
      ...(call && { request: text([call.envelope.bytes.subarray(0, mostBytes)]) }),
      ...(size > 0 && { response: text(blocks) }),
    }),
  }
}

function text(blocks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder()
  return blocks.map((block) => decoder.decode(block, { stream: true })).join('') + decoder.decode()
}
