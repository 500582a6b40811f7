import { GatewayError } from '../../kernel/faults.ts'
import { asArray, asNumber, asString, isObject, type JsonObject } from '../../kernel/json.ts'
import type { ChatResponse, Choice } from '../../vocabulary/chat-response.ts'
import type { AssistantPart, TextPart } from '../../vocabulary/parts.ts'
import { usageOf } from '../../vocabulary/usage.ts'
import { bodyError } from './error.ts'
import { isWhole, readModelPart, writeModelParts } from './request/parts.ts'
import {
  callIds,
  candidateRest,
  joinGrounding,
  nativeFields,
  ownNative,
  readLogprobs,
  secondsOf,
  timeOf,
  writeLogprobs,
} from './response/candidate.ts'
import { finishWord, readFinish, writeFinish } from './response/finish.ts'
import { citationsIn, readGrounding, writeGrounding } from './response/grounding.ts'
import { meterUsage, tierOf, writeUsage } from './response/usage.ts'
import { camel } from './wire.ts'

/** Reads a GenerateContentResponse (https://ai.google.dev/api/generate-content#generatecontentresponse). */
export function readResponse(given: JsonObject): ChatResponse {
  const body = camel(given)
  const failed = bodyError(body)
  if (failed) throw failed
  const { candidates, promptFeedback } = body
  if (candidates === undefined && promptFeedback === undefined && body.usageMetadata === undefined)
    throw new GatewayError(
      'provider-garbled',
      'The provider answered with something that is no answer: it has no candidates.',
    )
  const id = asString(body.responseId) ?? ''
  const newId = callIds(id)
  const rests = new Map<number, JsonObject>()
  const choices = asArray(candidates).flatMap((entry, at) => {
    if (!isObject(entry)) return []
    const candidate = camel(entry)
    const index = asNumber(candidate.index) ?? at
    const rest = candidateRest(candidate)
    if (rest) rests.set(index, rest)
    return [readCandidate(candidate, index, newId)]
  })
  const blocked = isObject(promptFeedback) ? asString(camel(promptFeedback).blockReason) : undefined
  const meter = meterUsage()
  meter.read(body)
  const serviceTier = isObject(body.usageMetadata) ? tierOf(body.usageMetadata) : undefined
  return {
    id,
    model: asString(body.modelVersion) ?? '',
    createdAt: secondsOf(body.createTime),
    choices: choices.length === 0 && blocked !== undefined ? [blockedChoice(blocked)] : choices,
    usage: meter.usage() ?? usageOf({}),
    ...(serviceTier !== undefined && { serviceTier }),
    ...nativeFields(body, rests),
  }
}

/** A prompt that was refused has no candidates; the caller still gets an answer. */
export function blockedChoice(reason: string): Choice {
  return { index: 0, content: [], finish: { reason: 'content-filter', raw: reason } }
}

function readCandidate(candidate: JsonObject, index: number, newId: () => string): Choice {
  const content: AssistantPart[] = []
  const texts: { at: number; wire: number }[] = []
  const given = isObject(candidate.content) ? asArray(camel(candidate.content).parts) : []
  for (const [wire, part] of given.entries()) {
    if (!isObject(part)) continue
    for (const read of readModelPart(part, newId)) {
      if (read.type === 'text') texts.push({ at: content.length, wire })
      content.push(read)
    }
  }
  if (isObject(candidate.groundingMetadata)) cite(content, texts, candidate.groundingMetadata)
  const logprobs = readLogprobs(candidate.logprobsResult)
  const hasCalls = content.some(({ type }) => type === 'tool-call')
  return {
    index,
    content,
    finish: readFinish(finishWord(candidate.finishReason) ?? 'FINISH_REASON_UNSPECIFIED', hasCalls),
    ...(logprobs.length > 0 && { logprobs }),
  }
}

/** Gives each text its citations; what names no part of the content is about the first text. */
function cite(content: AssistantPart[], texts: readonly { at: number; wire: number }[], grounding: JsonObject): void {
  const placed = readGrounding(grounding)
  for (const [rank, { at, wire }] of texts.entries()) {
    const text = content[at]
    const mine = placed.filter(
      ({ part }) => part === wire || (rank === 0 && !texts.some((other) => other.wire === part)),
    )
    if (text?.type === 'text' && mine.length > 0) content[at] = { ...text, citations: citationsIn(text.text, mine) }
  }
}

/** Writes a GenerateContentResponse. */
export function writeResponse(response: ChatResponse): JsonObject {
  const { fields, rests } = ownNative(response.native)
  const blocked = isObject(fields.promptFeedback) ? fields.promptFeedback.blockReason : undefined
  const candidates = response.choices
    .filter(({ content, finish }) => content.length > 0 || blocked === undefined || finish.raw !== blocked)
    .map((choice) => writeChoice(choice, rests.get(choice.index)))
  return {
    ...(candidates.length > 0 && { candidates }),
    ...fields,
    usageMetadata: {
      ...writeUsage(response.usage),
      ...(response.serviceTier !== undefined && { serviceTier: response.serviceTier }),
    },
    ...(response.model !== '' && { modelVersion: response.model }),
    ...timeOf(response.createdAt),
    ...(response.id !== '' && { responseId: response.id }),
  }
}

const asNamed = { wire: (name: string): string => name }

/** The parts of an answer, for callers: no names to change and nobody to warn. */
export function writeAnswerParts(content: readonly AssistantPart[]): JsonObject[] {
  return writeModelParts(content, { names: asNamed, warnings: [], path: '' })
}

function writeChoice({ index, content, finish, logprobs }: Choice, rest: JsonObject | undefined): JsonObject {
  // a call that broke off must not be run
  const whole = content.filter((part) => part.type !== 'tool-call' || isWhole(part))
  const broken = whole.length < content.length && finish.reason !== 'length'
  const grounding = writeGrounding(textsOf(whole))
  return {
    content: { role: 'model', parts: writeAnswerParts(whole) },
    finishReason: broken ? 'MALFORMED_FUNCTION_CALL' : writeFinish(finish),
    index,
    ...(logprobs && { logprobsResult: writeLogprobs(logprobs) }),
    ...joinGrounding(grounding, rest),
  }
}

/** The texts with citations and where they stand among the parts on the wire: written alone, a part that joins another adds none. */
function textsOf(content: readonly AssistantPart[]): { part: number; text: TextPart }[] {
  return content.flatMap((text, at) =>
    text.type === 'text' && text.citations ? [{ part: writeAnswerParts(content.slice(0, at)).length, text }] : [],
  )
}
