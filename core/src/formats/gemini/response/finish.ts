import type { Finish, FinishReason } from '../../../vocabulary/chat-response.ts'

/** Google's words for why a candidate ended (https://ai.google.dev/api/generate-content#FinishReason). */
const reasons: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  MODEL_ARMOR: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  IMAGE_PROHIBITED_CONTENT: 'content-filter',
  IMAGE_RECITATION: 'content-filter',
  MALFORMED_FUNCTION_CALL: 'error',
  MALFORMED_RESPONSE: 'error',
  UNEXPECTED_TOOL_CALL: 'error',
  TOO_MANY_TOOL_CALLS: 'error',
  MISSING_THOUGHT_SIGNATURE: 'error',
  LANGUAGE: 'other',
  OTHER: 'other',
  IMAGE_OTHER: 'other',
  NO_IMAGE: 'other',
  FINISH_REASON_UNSPECIFIED: 'other',
}

/** The first numbers of the enum, which protobuf clients see in place of words; beyond these Google's two services differ. */
const numbered = ['FINISH_REASON_UNSPECIFIED', 'STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION', 'OTHER']

/** Google's word as such, also where a number stands for it; undefined while the candidate goes on. */
export function finishWord(given: unknown): string | undefined {
  if (typeof given === 'number') return numbered[given] ?? String(given)
  return typeof given === 'string' && given !== '' ? given : undefined
}

/** Google ends a turn of calls with STOP like any other. */
export function readFinish(word: string, hasCalls: boolean): Finish {
  const reason = reasons[word] ?? 'other'
  return { reason: reason === 'stop' && hasCalls ? 'tool-calls' : reason, raw: word }
}

const words: { readonly [R in FinishReason]: string } = {
  stop: 'STOP',
  'stop-sequence': 'STOP',
  'tool-calls': 'STOP',
  length: 'MAX_TOKENS',
  'context-length': 'MAX_TOKENS',
  'content-filter': 'SAFETY',
  refusal: 'SAFETY',
  pause: 'OTHER',
  error: 'OTHER',
  other: 'OTHER',
}

/** Google's own word when it is known and says the same, else the nearest one. */
export function writeFinish({ reason, raw }: Finish): string {
  if (raw !== undefined && reasons[raw] === reason) return raw
  return words[reason]
}
