import type { Frame, Framing } from './framing.ts'
import type { Transducer } from './transducer.ts'

/** A stream as one JSON array whose members arrive one by one, as Google streams without `alt=sse`. */
export const jsonArray: Framing = { contentType: 'application/json', read: readJsonArray, write: writeJsonArray }

/** Cuts the members out by counting brackets outside strings; what is between members is skipped. */
export function readJsonArray(): Transducer<Uint8Array, Frame> {
  const decoder = new TextDecoder()
  let rest = ''
  let at = 0
  let depth = 0
  let start = -1
  let quoted = false

  function scan(): Frame[] {
    const out: Frame[] = []
    for (; at < rest.length; at++) {
      const char = rest[at]
      if (quoted) {
        if (char === '\\') at++
        else if (char === '"') quoted = false
      } else if (char === '"') quoted = true
      else if (char === '{' || char === '[') {
        if (depth === 1 && start < 0) start = at
        depth++
      } else if (char === '}' || char === ']') {
        depth--
        if (depth === 1 && start >= 0) {
          out.push({ data: rest.slice(start, at + 1) })
          start = -1
        }
      }
    }
    const keep = start >= 0 ? start : Math.min(at, rest.length)
    rest = rest.slice(keep)
    at -= keep
    if (start >= 0) start = 0
    return out
  }

  return {
    push(block) {
      rest += decoder.decode(block, { stream: true })
      return scan()
    },
    end() {
      rest += decoder.decode()
      return scan()
    },
  }
}

export function writeJsonArray(): Transducer<Frame, Uint8Array> {
  const encoder = new TextEncoder()
  let first = true
  return {
    push(frame) {
      const text = `${first ? '[' : ',\r\n'}${frame.data}`
      first = false
      return [encoder.encode(text)]
    },
    end: () => [encoder.encode(first ? '[]' : ']')],
  }
}
