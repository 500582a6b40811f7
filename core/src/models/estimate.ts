/**
 * How many tokens a text is, about: four ASCII characters a token, three and a half UTF-8 bytes of anything else. Linear in the
 * text and without a tokenizer, whose worst cases block for seconds. For limits before a call; the provider's usage settles.
 */
export function estimateTokens(text: string): number {
  let ascii = 0
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) ascii++
    // a character beyond the basic plane is two code units and four bytes
    else bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3
  }
  return Math.ceil(ascii / 4 + bytes / 3.5)
}

/**
 * How many input tokens this many bytes of a request body may be: three bytes a token, above what prose, code and JSON come to
 * with the vendors' tokenizers.
 */
export function estimateInput(bytes: number): number {
  return Math.ceil(bytes / 3)
}

/**
 * The most that one image may come to: 4784 tokens where Claude reads in high resolution
 * (https://platform.claude.com/docs/en/build-with-claude/vision); others ask for less, but for a few small models at a low rate.
 */
const imageTokens = 4800

/** A shorter image in base64 is no more than `imageTokens` at three bytes a token, so only longer runs are looked for. */
const stride = 3 * imageTokens

/** How many bytes around a place must be base64 to look closer. */
const sample = 48

/**
 * How many input tokens a request body may be. Inline files in base64 are taken off, and an image counts as `imageTokens`; sound,
 * video and PDF count by their size. What only looks like a file counts as the text that it is. One place in every 14 kB is looked
 * at, so even ten megabytes take microseconds.
 */
export function estimateBody(bytes: Uint8Array): number {
  let text = bytes.length
  let tokens = 0
  for (let place = stride - 1; place < bytes.length; place += stride) {
    if (!looksBase64(bytes, place)) continue
    const open = bytes.lastIndexOf(quote, place)
    const found = bytes.indexOf(quote, place)
    const close = found < 0 ? bytes.length : found
    const perToken = open < 0 ? undefined : bytesPerToken(bytes, open)
    if (perToken !== undefined) {
      text -= close - open
      tokens += perToken === 'image' ? imageTokens : Math.ceil((close - open) / perToken)
    }
    // the next place is the first of the grid behind this text
    place += Math.floor((close - place) / stride) * stride
  }
  return estimateInput(text) + tokens
}

const quote = 0x22

function looksBase64(bytes: Uint8Array, place: number): boolean {
  const end = Math.min(bytes.length, place + sample)
  for (let i = Math.max(0, end - sample); i < end; i++) {
    const byte = bytes[i] ?? 0
    const letter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
    // digits and `/`; some writers escape the slash
    if (!letter && !(byte >= 0x2f && byte <= 0x39) && byte !== 0x2b && byte !== 0x3d && byte !== 0x5c) return false
  }
  return true
}

/** Members that hold a file: OpenAI's `url`, `image_url` and `file_data` as data URLs, `data` in all formats as bare base64. */
const fileMember = /(?<!\\)"(?:url|image_url|file_data|data)"\s*:\s*$/
const dataUrl = /^data:[\w.+-]+\/[\w.+-]+(?:;[\w.+=-]+)*;base64,/

const decoder = new TextDecoder('latin1')

/** How many base64 bytes of the file in the text that opens here make a token; undefined where it is no file. */
function bytesPerToken(bytes: Uint8Array, open: number): number | 'image' | undefined {
  if (!fileMember.test(decoder.decode(bytes.subarray(Math.max(0, open - 32), open)))) return undefined
  const head = decoder.decode(bytes.subarray(open + 1, open + 200)).replaceAll('\\/', '/')
  const payload = head.slice(dataUrl.exec(head)?.[0].length ?? 0, 300)
  return kinds.find(([start]) => start.test(payload))?.[1]
}

/**
 * Files by how their base64 begins. Sound: 32 tokens a second (https://ai.google.dev/gemini-api/docs/audio) of at least a kilobyte;
 * video: about 300 tokens a second (https://ai.google.dev/gemini-api/docs/video-understanding) of at least seven; PDF: up to 3000
 * tokens of text and an image a page (https://platform.claude.com/docs/en/build-with-claude/pdf-support) of at least 28.
 */
const kinds: readonly (readonly [start: RegExp, perToken: number | 'image'])[] = [
  // PNG, JPEG, GIF, WebP, BMP, HEIC and AVIF
  [/^(?:iVBORw0KGgo|\/9j\/|R0lGOD|UklGR.{6}XRUJQ|Qk[0-3]|AAAA.{2}Z0eXB(?:oZWlj|taWYx|hdmlm))/, 'image'],
  // WAV, MP3, Ogg, FLAC
  [/^(?:UklGR.{6}XQVZF|SUQz|\/\/[I-Po-v]|T2dnUw|ZkxhQ)/, 24],
  // MP4 and WebM
  [/^(?:AAAA.{2}Z0eX|GkXfo)/, 24],
  [/^JVBERi0/, 6],
]
