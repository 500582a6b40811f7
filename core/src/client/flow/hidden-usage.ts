import { asArray, parseObject } from '../../kernel/json.ts'
import { readSse } from '../../kernel/sse.ts'
import { joinBytes } from '../send.ts'
import { type Flow, nothing } from './flow.ts'

const usageMark = /"usage"\s*:\s*\{/

/**
 * An untouched stream with the one frame taken out again that we asked for and the caller did not: OpenAI's closing usage chunk
 * (`choices: []`). All other bytes stay as they are; a frame that is cut by a block's end waits for its rest.
 */
export function hideUsage(flow: Flow): Flow {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const encoder = new TextEncoder()
  let rest: Uint8Array = nothing

  function pass(bytes: Uint8Array, last: boolean): Uint8Array {
    const block = rest.length > 0 ? joinBytes([rest, bytes]) : bytes
    const cut = last ? block.length : frameEnd(block)
    rest = block.subarray(cut)
    const whole = block.subarray(0, cut)
    const text = decoder.decode(whole)
    if (!usageMark.test(text)) return whole
    return encoder.encode(
      text.replace(/(?:[^\r\n]+(?:\r?\n|$))+(?:\r?\n|$)/g, (frame) => (isUsageFrame(frame) ? '' : frame)),
    )
  }

  return {
    ...flow,
    push: (block) => pass(flow.push(block), false),
    end: () => joinBytes([pass(nothing, true), flow.end()]),
    fail: (error) => {
      rest = nothing
      return flow.fail(error)
    },
    between: () => true,
  }
}

/** Just behind the last blank line. */
function frameEnd(block: Uint8Array): number {
  for (let at = block.length - 1; at > 0; at = block.lastIndexOf(0x0a, at - 1)) {
    if (block[at] !== 0x0a) continue
    if (block[at - 1] === 0x0a || (block[at - 1] === 0x0d && block[at - 2] === 0x0a)) return at + 1
  }
  return 0
}

function isUsageFrame(frame: string): boolean {
  if (!usageMark.test(frame)) return false
  const [message] = readSse().push(new TextEncoder().encode(`${frame.trimEnd()}\n\n`))
  const value = message && parseObject(message.data)
  return value !== undefined && Array.isArray(value.choices) && asArray(value.choices).length === 0
}
