import type { ChatEvent, ChatEventOf } from '../../vocabulary/chat-event.ts'

/** Events of several answers as those of one: one start, one text that goes on, one end. */
export interface Seam {
  push(event: ChatEvent): ChatEvent[]
  /** the events that follow are those of the next answer */
  next(): void
  /** the text so far, if it can be gone on from */
  soFar(): string | undefined
}

type Placed = Extract<ChatEvent, { readonly part: number }>

/** What an answer may consist of and still be continued by its text alone. */
const plain: ReadonlySet<ChatEvent['type']> = new Set<ChatEvent['type']>([
  'response-start',
  'text-start',
  'text-delta',
  'usage',
  'ping',
])

export function seam(): Seam {
  let text = ''
  let onlyText = true
  /** the part that is open, in the caller's count */
  let open: number | undefined
  let later = false
  /** what a later answer's parts count from */
  let offset = 0
  /** white space that was sent and that the next model was not shown, because some refuse a text that ends so */
  let owed = ''
  /** whether the next answer's first part goes on with the open one */
  let joining = false

  function track(event: ChatEvent): void {
    if (!plain.has(event.type) || ('choice' in event && event.choice !== 0)) onlyText = false
    if (event.type === 'text-start') open = event.part
    else if (event.type === 'text-delta') text += event.text
  }

  function first(event: Placed): ChatEvent[] {
    joining = false
    if (event.type === 'text-start') return []
    offset++
    const ended = { type: 'text-end', choice: 0, part: open ?? 0 } as const
    return [ended, { ...event, part: event.part + offset }]
  }

  function delta(event: ChatEventOf<'text-delta'>): ChatEvent[] {
    if (owed === '') return [event]
    let same = 0
    while (same < owed.length && event.text[same] === owed[same]) same++
    // told apart only by what follows: all of it may be a part of what is owed
    owed = same === event.text.length ? owed.slice(same) : ''
    return same === event.text.length ? [] : [{ ...event, text: event.text.slice(same) }]
  }

  function join(event: ChatEvent): ChatEvent[] {
    if (event.type === 'response-start') return []
    if (!('part' in event)) return [event]
    if (joining) return first(event)
    const moved = { ...event, part: event.part + offset }
    return moved.type === 'text-delta' ? delta(moved) : [moved]
  }

  return {
    push(event) {
      const out = later ? join(event) : [event]
      for (const one of out) track(one)
      return out
    },
    next() {
      later = true
      joining = true
      offset = open ?? 0
      owed = text.slice(text.trimEnd().length)
    },
    soFar: () => (onlyText && open !== undefined && text.trimEnd() !== '' ? text : undefined),
  }
}
