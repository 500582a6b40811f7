import type { JsonObject } from '../../kernel/json.ts'

/**
 * An id for a deployment that has none: stable over restarts and replicas while its settings stay the same.
 * Two independent 53-bit hashes (cyrb53) of the settings; the key takes part, and cannot be read back.
 */
export function fingerprint(name: string, params: JsonObject): string {
  const text = `${name}\n${JSON.stringify(params)}`
  return cyrb53(text, 0) + cyrb53(text, 1)
}

/** https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js describes the mixing; public domain. */
function cyrb53(text: string, seed: number): string {
  let high = 0xdeadbeef ^ seed
  let low = 0x41c6ce57 ^ seed
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    high = Math.imul(high ^ char, 2654435761)
    low = Math.imul(low ^ char, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(16).padStart(14, '0')
}
