import {
  asArray,
  asNumber,
  asString,
  isObject,
  type Json,
  type JsonObject,
  leftovers,
  type MutableJsonObject,
} from '../../../kernel/json.ts'
import type { ChatResponse, TokenLogprob } from '../../../vocabulary/chat-response.ts'
import { camel, formatId, orAbsent } from '../wire.ts'
import { groundingRest } from './grounding.ts'

/** `logprobsResult` (https://ai.google.dev/api/generate-content#LogprobsResult). */
export function readLogprobs(given: Json | undefined): TokenLogprob[] {
  if (!isObject(given)) return []
  const { chosenCandidates, topCandidates } = camel(given)
  const tops = asArray(topCandidates)
  return asArray(chosenCandidates).flatMap((entry, at) => {
    const chosen = readToken(entry)
    const list = isObject(tops[at]) ? tops[at].candidates : undefined
    const top = asArray(list).flatMap((candidate) => readToken(candidate) ?? [])
    return chosen ? [{ ...chosen, ...(top.length > 0 && { top }) }] : []
  })
}

function readToken(given: Json): { token: string; logprob: number } | undefined {
  const { token, logProbability } = isObject(given) ? camel(given) : {}
  return typeof token === 'string' ? { token, logprob: asNumber(logProbability) ?? 0 } : undefined
}

export function writeLogprobs(logprobs: readonly TokenLogprob[]): JsonObject {
  const write = ({ token, logprob }: { token: string; logprob: number }): JsonObject => ({
    token,
    logProbability: logprob,
  })
  const chosenCandidates = logprobs.map(write)
  if (logprobs.every(({ top }) => top === undefined)) return { chosenCandidates }
  return { chosenCandidates, topCandidates: logprobs.map(({ top }) => ({ candidates: (top ?? []).map(write) })) }
}

const translated = new Set(['index', 'content', 'finishReason', 'logprobsResult', 'groundingMetadata'])

/** What of a candidate only Google knows (ratings, recitations, search suggestions); undefined when there is nothing. */
export function candidateRest(candidate: JsonObject): JsonObject | undefined {
  const grounding = isObject(candidate.groundingMetadata) ? groundingRest(candidate.groundingMetadata) : undefined
  return orAbsent({ ...leftovers(candidate, translated), ...(grounding && { groundingMetadata: grounding }) })
}

const topLevel = new Set(['candidates', 'usageMetadata', 'modelVersion', 'responseId', 'createTime'])

/** What of an answer only Google knows, to be kept as it stood: top-level fields, and those of candidates by index. */
export function nativeFields(
  body: JsonObject,
  rests: ReadonlyMap<number, JsonObject>,
): { native?: NonNullable<ChatResponse['native']> } {
  const candidates = [...rests].sort(([a], [b]) => a - b).map(([index, rest]) => ({ index, ...rest }))
  const fields = orAbsent({ ...leftovers(body, topLevel), ...(candidates.length > 0 && { candidates }) })
  return fields ? { native: { format: formatId, fields } } : {}
}

/** The same on the way out: top-level fields, and those of candidates by index. */
export function ownNative(native: ChatResponse['native']): {
  fields: JsonObject
  rests: ReadonlyMap<number, JsonObject>
} {
  const rests = new Map<number, JsonObject>()
  if (native?.format !== formatId) return { fields: {}, rests }
  const { candidates, ...fields } = native.fields
  for (const entry of asArray(candidates)) {
    if (!isObject(entry)) continue
    const { index, ...rest } = entry
    rests.set(asNumber(index) ?? 0, rest)
  }
  return { fields, rests }
}

/** Our grounding beside Google's own; where Google's names its sources it is the whole. */
export function joinGrounding(ours: JsonObject | undefined, rest: JsonObject | undefined): JsonObject {
  const own = isObject(rest?.groundingMetadata) ? rest.groundingMetadata : undefined
  const joined: MutableJsonObject = { ...(own?.groundingChunks === undefined && ours), ...own }
  return { ...rest, ...(Object.keys(joined).length > 0 && { groundingMetadata: joined }) }
}

/** Seconds since 1970 of a time like `2026-01-02T03:04:05.678Z`; 0 when Google does not say, as its own API never does. */
export function secondsOf(createTime: Json | undefined): number {
  const ms = Date.parse(asString(createTime) ?? '')
  return Number.isFinite(ms) ? Math.floor(ms / 1000) : 0
}

/** No date lies beyond (https://tc39.es/ecma262/#sec-time-values-and-time-range). */
const latestMs = 8.64e15

/** The opposite of {@link secondsOf}; absent for a time that is unknown or none. */
export function timeOf(createdAt: number): { createTime?: string } {
  const ms = createdAt * 1000
  return ms > 0 && ms <= latestMs ? { createTime: new Date(ms).toISOString() } : {}
}

/** Makes ids for calls that came without: of the answer's own id and a count, so that no two turns have the same. */
export function callIds(responseId: string): () => string {
  const seed =
    responseId.replace(/[^a-zA-Z0-9_-]/g, '').slice(0, 28) || crypto.randomUUID().replaceAll('-', '').slice(0, 24)
  let made = 0
  return () => `call_${seed}_${made++}`
}
