/** How the fake provider misbehaves; absent members mean that it does not. */
export interface Behaviour {
  readonly status?: number
  readonly slowFirstByteMs?: number
  readonly slowChunksMs?: number
  readonly dieBeforeContent?: boolean
  /** content-bearing chunks that are sent before the connection breaks */
  readonly dieAfterContent?: number
  readonly errorFirstEvent?: boolean
  readonly emptyBody?: boolean
  readonly htmlBody?: boolean
  readonly nullBody?: boolean
  readonly gzip?: boolean
  readonly hang?: boolean
  readonly noUsage?: boolean
  readonly noDone?: boolean
  /** answer in so many chunks of one word each */
  readonly count?: number
  /** these very words are the body */
  readonly bytes?: string
}

const flags: Readonly<Record<string, Behaviour>> = {
  'die-before-content': { dieBeforeContent: true },
  'error-first-event': { errorFirstEvent: true },
  'empty-body': { emptyBody: true },
  'html-body': { htmlBody: true },
  'null-body': { nullBody: true },
  gzip: { gzip: true },
  hang: { hang: true },
  'no-usage': { noUsage: true },
  'no-done': { noDone: true },
}

const numbers: Readonly<Record<string, (value: number) => Behaviour>> = {
  'slow-first-byte': (slowFirstByteMs) => ({ slowFirstByteMs }),
  'slow-chunks': (slowChunksMs) => ({ slowChunksMs }),
  'die-after-content': (dieAfterContent) => ({ dieAfterContent }),
  count: (count) => ({ count }),
}

function readWord(word: string): Behaviour {
  const status = /^status-(\d{3})$/.exec(word)
  if (status) return { status: Number(status[1]) }
  const [name = '', value = ''] = word.split(':')
  return flags[word] ?? (/^\d+$/.test(value) ? numbers[name]?.(Number(value)) : undefined) ?? {}
}

/** Reads `status-429`, `slow-chunks:20+no-usage`, … ; a model's prefix (`openai/`) and words it does not know are skipped. */
export function readBehaviour(text: string): Behaviour {
  const raw = text.indexOf('bytes:')
  if (raw >= 0) return { bytes: text.slice(raw + 6) }
  const words = text.slice(text.lastIndexOf('/') + 1).split('+')
  return Object.assign({}, ...words.map(readWord)) as Behaviour
}
