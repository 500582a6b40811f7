import { type JsonObject, leftovers } from '../../../kernel/json.ts'
import type { ChatRequest, Effort, OutputShape, ReasoningRequest } from '../../../vocabulary/chat-request.ts'
import { fromOpenApi } from '../schema.ts'
import { booleanAt, camel, invalid, numberAt, objectAt, orAbsent, stringAt, stringsAt } from '../wire.ts'

/** What of the request stands in `generationConfig`. */
export type Config = Pick<
  ChatRequest,
  | 'temperature'
  | 'topP'
  | 'topK'
  | 'maxOutputTokens'
  | 'stop'
  | 'choices'
  | 'seed'
  | 'presencePenalty'
  | 'frequencyPenalty'
  | 'output'
  | 'reasoning'
  | 'modalities'
  | 'logprobs'
  | 'audio'
>

const path = 'generationConfig'

/** `generationConfig` (https://ai.google.dev/api/generate-content#generationconfig) and what of it only Google knows. */
export function readConfig(config: JsonObject): { config: Config; rest: JsonObject | undefined } {
  const known = new Set<string>()
  const take = <T>(key: string, read: (owner: JsonObject, key: string, path: string) => T): T => {
    known.add(key)
    return read(config, key, path)
  }
  const stop = take('stopSequences', stringsAt)
  const thinking = take('thinkingConfig', objectAt)
  const found: { [K in keyof Config]: Config[K] | undefined } = {
    temperature: take('temperature', numberAt),
    topP: take('topP', numberAt),
    topK: take('topK', numberAt),
    maxOutputTokens: take('maxOutputTokens', numberAt),
    stop: stop && stop.length > 0 ? stop : undefined,
    choices: take('candidateCount', numberAt),
    seed: take('seed', numberAt),
    presencePenalty: take('presencePenalty', numberAt),
    frequencyPenalty: take('frequencyPenalty', numberAt),
    output: readOutput(config, known),
    modalities: readModalities(config, known),
    logprobs: readLogprobs(config, known),
    audio: readVoice(config, known),
    reasoning: thinking && readThinking(thinking),
  }
  const thoughtRest = thinking && leftovers(thinking, thinkingKeys)
  const rest = { ...leftovers(config, known), ...(thoughtRest && { thinkingConfig: thoughtRest }) }
  return { config: defined(found), rest: orAbsent(rest) }
}

function defined(found: { [K in keyof Config]: Config[K] | undefined }): Config {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as Config
}

const outputKeys = ['responseMimeType', 'responseSchema', 'responseJsonSchema']

/** An answer of plain text or JSON; what is neither (one word of an enum) stays Google's own. */
function readOutput(config: JsonObject, known: Set<string>): OutputShape | undefined {
  const mime = stringAt(config, 'responseMimeType', path)
  const open = objectAt(config, 'responseSchema', path) && (config.responseSchema as JsonObject)
  const json = objectAt(config, 'responseJsonSchema', path) && (config.responseJsonSchema as JsonObject)
  if (mime !== undefined && mime !== 'application/json' && mime !== 'text/plain') return undefined
  for (const key of outputKeys) known.add(key)
  const schema = json ?? (open && fromOpenApi(open))
  if (schema) return { type: 'json-schema', schema }
  if (mime === undefined) return undefined
  return { type: mime === 'application/json' ? 'json' : 'text' }
}

function readModalities(config: JsonObject, known: Set<string>): ChatRequest['modalities'] {
  const words = stringsAt(config, 'responseModalities', path)?.map((word) => word.toLowerCase())
  const ours = words?.filter((word) => word === 'text' || word === 'audio' || word === 'image')
  if (!words || !ours || ours.length === 0 || ours.length < words.length) return undefined
  known.add('responseModalities')
  return ours
}

function readLogprobs(config: JsonObject, known: Set<string>): number | undefined {
  if (booleanAt(config, 'responseLogprobs', path) !== true) return undefined
  known.add('responseLogprobs').add('logprobs')
  return numberAt(config, 'logprobs', path) ?? 0
}

/** A prebuilt voice and nothing beside it; any other `speechConfig` stays Google's own. */
function readVoice(config: JsonObject, known: Set<string>): ChatRequest['audio'] {
  let here: JsonObject | undefined = objectAt(config, 'speechConfig', path)
  for (const key of ['voiceConfig', 'prebuiltVoiceConfig']) {
    if (!here || Object.keys(here).length !== 1) return undefined
    here = objectAt(here, key, `${path}.speechConfig`)
  }
  const voice = here && camel(here).voiceName
  if (!here || Object.keys(here).length !== 1 || typeof voice !== 'string') return undefined
  known.add('speechConfig')
  return { voice }
}

const thinkingKeys = new Set(['thinkingBudget', 'thinkingLevel', 'includeThoughts'])

/** `thinkingConfig`: a budget of 0 is none and of -1 the model's own choice; thoughts are told only to who asks for them. */
export function readThinking(thinking: JsonObject): ReasoningRequest {
  const at = `${path}.thinkingConfig`
  const budget = numberAt(thinking, 'thinkingBudget', at)
  const level = stringAt(thinking, 'thinkingLevel', at)?.toLowerCase()
  if (level !== undefined && !isLevel(level) && level !== 'thinking_level_unspecified')
    throw invalid(`${at}.thinkingLevel`, 'one of MINIMAL, LOW, MEDIUM, HIGH is expected')
  return {
    ...(budget !== undefined && readBudget(budget)),
    ...(level !== undefined && isLevel(level) && { effort: level }),
    summary: booleanAt(thinking, 'includeThoughts', at) ? 'auto' : 'omitted',
  }
}

function readBudget(budget: number): ReasoningRequest {
  if (budget === 0) return { mode: 'disabled' }
  return budget < 0 ? { mode: 'adaptive' } : { mode: 'enabled', budgetTokens: budget }
}

function isLevel(word: string): word is Effort {
  return word === 'minimal' || word === 'low' || word === 'medium' || word === 'high'
}
