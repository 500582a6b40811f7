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
 * How many input tokens a raw request body of this many bytes may be: three bytes a token, above what prose, code and JSON come
 * to with the vendors' tokenizers. Images in base64 are overestimated many times over; whoever knows of them takes them off first.
 */
export function estimateInput(bytes: number): number {
  return Math.ceil(bytes / 3)
}
