import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type Json,
  type JsonObject,
  type MutableJsonObject,
} from '../../../kernel/json.ts'
import { type Usage, usageOf } from '../../../vocabulary/usage.ts'
import type { UsageMeter } from '../../format.ts'
import { camel } from '../wire.ts'
import { finishWord } from './finish.ts'

/** The numbers of Google's `Modality` enum that have buckets of their own. */
const numbered: Readonly<Record<number, string>> = { 2: 'IMAGE', 4: 'AUDIO' }

function tokensOf(details: Json | undefined, modality: string): number {
  let sum = 0
  for (const entry of asArray(details)) {
    if (!isObject(entry)) continue
    const { modality: named, tokenCount } = camel(entry)
    if ((typeof named === 'number' ? numbered[named] : named) === modality) sum += asNumber(tokenCount) ?? 0
  }
  return sum
}

/**
 * `usageMetadata` (https://ai.google.dev/api/generate-content#UsageMetadata): the prompt's count includes what came from the cache,
 * thoughts and what tools brought in are counted beside it. Modalities of what was cached are in a list of their own.
 */
export function readUsage(given: JsonObject, searches = 0): Usage {
  const usage = camel(given)
  const count = (key: string): number => asNumber(usage[key]) ?? 0
  const cacheRead = count('cachedContentTokenCount')
  const uncached = (modality: string): number =>
    Math.max(0, tokensOf(usage.promptTokensDetails, modality) - tokensOf(usage.cacheTokensDetails, modality))
  const room = Math.max(0, count('promptTokenCount') - cacheRead)
  const audioIn = Math.min(uncached('AUDIO'), room)
  const imageIn = Math.min(uncached('IMAGE'), room - audioIn)
  const reasoning = count('thoughtsTokenCount')
  const cacheReadAudio = Math.min(tokensOf(usage.cacheTokensDetails, 'AUDIO'), cacheRead)
  const cacheReadImage = Math.min(tokensOf(usage.cacheTokensDetails, 'IMAGE'), cacheRead - cacheReadAudio)
  return usageOf({
    input: count('promptTokenCount') + count('toolUsePromptTokenCount'),
    cacheRead,
    ...(cacheReadAudio > 0 && { cacheReadAudio }),
    ...(cacheReadImage > 0 && { cacheReadImage }),
    audioIn,
    imageIn,
    // Vertex AI's live models say `responseTokenCount`
    output: (asNumber(usage.candidatesTokenCount) ?? count('responseTokenCount')) + reasoning,
    reasoning,
    audioOut: tokensOf(usage.candidatesTokensDetails ?? usage.responseTokensDetails, 'AUDIO'),
    calls: searches > 0 ? { web_search: searches } : {},
    source: 'provider',
    raw: given,
  })
}

export function writeUsage(usage: Usage): JsonObject {
  const { input, output, reasoning, cacheRead, cacheReadAudio = 0, cacheReadImage = 0, audioOut } = usage
  const audio = usage.audioIn + cacheReadAudio
  const images = usage.imageIn + cacheReadImage
  const out: MutableJsonObject = {
    promptTokenCount: input,
    candidatesTokenCount: Math.max(0, output - reasoning),
    totalTokenCount: input + output,
  }
  if (cacheRead > 0) out.cachedContentTokenCount = cacheRead
  if (reasoning > 0) out.thoughtsTokenCount = reasoning
  if (audio + images > 0)
    out.promptTokensDetails = details({ TEXT: input - audio - images, AUDIO: audio, IMAGE: images })
  if (cacheReadAudio + cacheReadImage > 0)
    out.cacheTokensDetails = details({
      TEXT: cacheRead - cacheReadAudio - cacheReadImage,
      AUDIO: cacheReadAudio,
      IMAGE: cacheReadImage,
    })
  if (audioOut > 0)
    out.candidatesTokensDetails = details({ TEXT: Math.max(0, output - reasoning - audioOut), AUDIO: audioOut })
  return out
}

function details(counts: Readonly<Record<string, number>>): JsonObject[] {
  return Object.entries(counts).flatMap(([modality, tokenCount]) => (tokenCount > 0 ? [{ modality, tokenCount }] : []))
}

/** The price tier that a call ran in; on demand is none (`trafficType` is Vertex AI's word for it). */
export function tierOf(given: JsonObject): string | undefined {
  const { serviceTier, trafficType } = camel(given)
  if (typeof serviceTier === 'string') return serviceTier
  const traffic = asString(trafficType)
  if (traffic === undefined || traffic === 'ON_DEMAND' || traffic === 'TRAFFIC_TYPE_UNSPECIFIED') return undefined
  return traffic.replace(/^ON_DEMAND_/, '').toLowerCase()
}

/** Searches that Google ran and bills, of one candidate. */
export function searchesOf(candidate: JsonObject): number {
  const grounding = asObject(candidate.groundingMetadata)
  const queries = grounding && asArray(camel(grounding).webSearchQueries)
  return queries ? queries.filter((query) => query !== '').length : 0
}

/** Gathers usage over the chunks of a stream: each tells what it knows, the last word on each count stands. */
export function meterUsage(): UsageMeter {
  let raw: JsonObject | undefined
  let finished = false
  let final = false
  const searches = new Map<number, number>()

  function read(given: JsonObject): void {
    const { candidates, usageMetadata, promptFeedback } = camel(given)
    for (const [at, entry] of asArray(candidates).entries()) {
      if (!isObject(entry)) continue
      const candidate = camel(entry)
      const index = asNumber(candidate.index) ?? at
      if (finishWord(candidate.finishReason) !== undefined) finished = true
      const found = searchesOf(candidate)
      if (found > 0) searches.set(index, Math.max(found, searches.get(index) ?? 0))
    }
    if (isObject(promptFeedback) && camel(promptFeedback).blockReason !== undefined) finished = true
    if (isObject(usageMetadata)) {
      raw = { ...raw, ...usageMetadata }
      if (finished) final = true
    }
  }

  return {
    read,
    usage: () =>
      raw &&
      readUsage(
        raw,
        [...searches.values()].reduce((sum, count) => sum + count, 0),
      ),
    final: () => final,
  }
}
