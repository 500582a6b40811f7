import type { Frame } from '../../kernel/framing.ts'
import { asArray, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { type Findings, findings, objectOf } from './findings.ts'

const partKinds = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
]

/**
 * What is wrong with a stream of GenerateContentResponse objects; empty when it is legal
 * (https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse).
 */
export function checkGeminiStream(frames: readonly Frame[]): string[] {
  const found = findings()
  const finished = new Set<number>()
  let failed = false
  for (const [at, frame] of frames.entries()) {
    found.expect(frame.event === undefined, at, 'frames have no event name')
    if (!found.expect(!failed, at, 'something follows an error')) break
    const value = objectOf(frame, at, found)
    if (!value) continue
    const known = ['candidates', 'usageMetadata', 'promptFeedback', 'error'].some((key) => key in value)
    found.expect(known, at, 'neither candidates nor usageMetadata nor error')
    if ('error' in value) {
      failed = true
      checkError(value.error, at, found)
    }
    if ('usageMetadata' in value) found.expect(isObject(value.usageMetadata), at, 'usageMetadata is not an object')
    if ('candidates' in value) found.expect(Array.isArray(value.candidates), at, 'candidates is not an array')
    for (const candidate of asArray(value.candidates)) checkCandidate(candidate, at, { found, finished })
  }
  found.expect(frames.length > 0, 0, 'the stream is empty')
  return found.list
}

function checkError(error: Json | undefined, at: number, found: Findings): void {
  const fits = isObject(error) && typeof error.code === 'number' && typeof error.message === 'string'
  found.expect(fits && typeof error.status === 'string', at, 'the error has no code, message or status')
}

function checkCandidate(
  value: Json,
  at: number,
  { found, finished }: { found: Findings; finished: Set<number> },
): void {
  if (!isObject(value)) {
    found.expect(false, at, 'a candidate is not an object')
    return
  }
  const index = typeof value.index === 'number' ? value.index : 0
  found.expect(!finished.has(index), at, `candidate ${index} goes on after its finishReason`)
  if (value.finishReason !== undefined) {
    found.expect(typeof value.finishReason === 'string', at, 'finishReason is not text')
    finished.add(index)
  }
  if (value.content === undefined) return
  if (!found.expect(isObject(value.content), at, 'content is not an object') || !isObject(value.content)) return
  found.expect(value.content.role === undefined || value.content.role === 'model', at, 'the role is not model')
  for (const part of asArray(value.content.parts)) checkPart(part, at, found)
}

function checkPart(part: Json, at: number, found: Findings): void {
  if (!isObject(part)) {
    found.expect(false, at, 'a part is not an object')
    return
  }
  const kinds = partKinds.filter((kind) => kind in part)
  const sealed = kinds.length === 0 && typeof part.thoughtSignature === 'string'
  found.expect(kinds.length === 1 || sealed, at, `a part is ${kinds.length === 0 ? 'nothing' : kinds.join(' and ')}`)
  if ('text' in part) found.expect(typeof part.text === 'string', at, 'text is not text')
  if ('functionCall' in part) checkCall(part.functionCall, at, found)
  if ('inlineData' in part) checkInline(part.inlineData, at, found)
}

function checkCall(call: Json | undefined, at: number, found: Findings): void {
  const object: JsonObject = isObject(call) ? call : {}
  found.expect(typeof object.name === 'string' && object.name !== '', at, 'a functionCall has no name')
  found.expect(object.args === undefined || isObject(object.args), at, 'args of a functionCall is not an object')
}

function checkInline(inline: Json | undefined, at: number, found: Findings): void {
  const object: JsonObject = isObject(inline) ? inline : {}
  found.expect(
    typeof object.mimeType === 'string' && typeof object.data === 'string',
    at,
    'inlineData has no mimeType or data',
  )
}
