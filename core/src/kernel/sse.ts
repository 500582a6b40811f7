import type { Frame, Framing } from './framing.ts'
import type { Transducer } from './transducer.ts'

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * Line ends may be LF, CRLF or CR; comments, `id` and `retry` are skipped. Unlike a browser, an event that the stream's
 * end cuts off before its blank line is delivered: several providers leave the last blank line out.
 */
export const sse: Framing = { contentType: 'text/event-stream', read: readSse, write: writeSse }

export function readSse(): Transducer<Uint8Array, Frame> {
  const decoder = new TextDecoder()
  let rest = ''
  let event: string | undefined
  let data: string | undefined

  function line(text: string, out: Frame[]): void {
    if (text === '') {
      if (data !== undefined) out.push(event === undefined ? { data } : { event, data })
      event = undefined
      data = undefined
      return
    }
    const colon = text.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? text : text.slice(0, colon)
    const from = colon < 0 ? text.length : text.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1
    if (field === 'data') data = data === undefined ? text.slice(from) : `${data}\n${text.slice(from)}`
    else if (field === 'event') event = text.slice(from)
  }

  function lines(text: string, last: boolean): Frame[] {
    const out: Frame[] = []
    let at = 0
    const mixed = text.includes('\r')
    while (at < text.length) {
      const lf = text.indexOf('\n', at)
      const cr = mixed ? text.indexOf('\r', at) : -1
      const end = cr >= 0 && (lf < 0 || cr < lf) ? cr : lf
      // a CR at the very end may be the first half of a CRLF: wait for the next block
      if (end < 0 || (end === cr && end === text.length - 1 && !last)) break
      line(text.slice(at, end), out)
      at = end === cr && text.charCodeAt(end + 1) === 10 ? end + 2 : end + 1
    }
    rest = text.slice(at)
    return out
  }

  return {
    push: (block) => lines(rest + decoder.decode(block, { stream: true }), false),
    end() {
      const out = lines(rest + decoder.decode(), true)
      if (rest !== '') line(rest, out)
      line('', out)
      rest = ''
      return out
    },
  }
}

const encoder = new TextEncoder()

/** The text of one event, its blank line included. */
export function sseText(frame: Frame): string {
  const data = frame.data.includes('\n') ? frame.data.split('\n').join('\ndata: ') : frame.data
  return frame.event === undefined ? `data: ${data}\n\n` : `event: ${frame.event}\ndata: ${data}\n\n`
}

export function writeSse(): Transducer<Frame, Uint8Array> {
  return { push: (frame) => [encoder.encode(sseText(frame))], end: () => [] }
}
