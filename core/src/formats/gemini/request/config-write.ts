import { compact, type JsonObject, type MutableJsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { ChatRequest, ReasoningRequest } from '../../../vocabulary/chat-request.ts'
import { type Warnings, warn } from '../wire.ts'
import { readThinking } from './config-read.ts'

const sampling = ['temperature', 'topP', 'topK', 'frequencyPenalty', 'presencePenalty'] as const

/** The request's settings as `generationConfig`; undefined when there are none. */
export function writeConfig(request: ChatRequest, profile: ModelProfile, warnings: Warnings): MutableJsonObject {
  const config: MutableJsonObject = {}
  for (const field of sampling) {
    if (request[field] === undefined) continue
    if (profile.sampling === false) warn(warnings, 'dropped', field, 'this model takes no sampling settings')
    else config[field] = request[field]
  }
  const { choices, maxOutputTokens, stop, seed, logprobs, modalities } = request
  const more = {
    maxOutputTokens,
    stopSequences: stop,
    candidateCount: choices,
    seed,
    responseModalities: modalities?.map((word) => word.toUpperCase()),
    ...writeOutput(request, warnings),
    ...(logprobs !== undefined && { responseLogprobs: true, ...(logprobs > 0 && { logprobs }) }),
    speechConfig: writeVoice(request, warnings),
    thinkingConfig: writeReasoning(request.reasoning, profile, warnings),
  }
  return Object.assign(config, compact(more))
}

function writeOutput({ output }: ChatRequest, warnings: Warnings): JsonObject {
  if (!output) return {}
  if (output.type === 'text') return { responseMimeType: 'text/plain' }
  if (output.type === 'json') return { responseMimeType: 'application/json' }
  for (const field of ['name', 'description', 'strict'] as const)
    if (output[field] !== undefined)
      warn(warnings, 'dropped', `output.${field}`, 'Gemini takes the schema alone, and always keeps to it')
  return { responseMimeType: 'application/json', responseJsonSchema: output.schema }
}

function writeVoice({ audio }: ChatRequest, warnings: Warnings): JsonObject | undefined {
  if (audio?.format !== undefined) warn(warnings, 'dropped', 'audio.format', 'Gemini speaks in 16-bit PCM alone')
  if (audio?.voice === undefined) return undefined
  return { voiceConfig: { prebuiltVoiceConfig: { voiceName: audio.voice } } }
}

/** `thinkingConfig` in the currency that the model takes (https://ai.google.dev/gemini-api/docs/thinking). */
function writeReasoning(
  reasoning: ReasoningRequest | undefined,
  profile: ModelProfile,
  warnings: Warnings,
): JsonObject | undefined {
  if (!reasoning) return undefined
  if (profile.thinking === 'none') {
    warn(warnings, 'dropped', 'reasoning', 'this model does not think')
    return undefined
  }
  const write = profile.thinking === 'level' ? levelOf : profile.thinking === 'budget' ? budgetOf : asGiven
  const config = { ...write(reasoning, profile), includeThoughts: reasoning.summary !== 'omitted' }
  const told = readThinking(config)
  const fields = ['mode', 'effort', 'budgetTokens', 'summary'] as const
  if (fields.some((field) => told[field] !== reasoning[field]))
    warn(warnings, 'adjusted', 'reasoning', `it is sent as ${JSON.stringify(config)}`)
  return config
}

const off = (reasoning: ReasoningRequest): boolean => reasoning.mode === 'disabled' || reasoning.effort === 'none'

/** A model of which nothing is known is asked in the caller's own currency. */
function asGiven(reasoning: ReasoningRequest, profile: ModelProfile): JsonObject {
  if (off(reasoning)) return { thinkingBudget: 0 }
  if (reasoning.budgetTokens !== undefined) return { thinkingBudget: reasoning.budgetTokens }
  if (reasoning.effort !== undefined) return levelOf(reasoning, profile)
  return reasoning.mode === undefined ? {} : { thinkingBudget: -1 }
}

const levels: readonly string[] = ['minimal', 'low', 'medium', 'high']

/** Gemini 3 thinks always and takes a level; the nearest that the model has. */
function levelOf(reasoning: ReasoningRequest, profile: ModelProfile): JsonObject {
  const wanted = wantedLevel(reasoning)
  if (wanted === undefined) return {}
  const taken = profile.efforts?.filter((effort) => levels.includes(effort)) ?? levels
  return { thinkingLevel: nearest(wanted, taken.length > 0 ? taken : levels) }
}

function wantedLevel({ mode, effort, budgetTokens }: ReasoningRequest): string | undefined {
  if (mode === 'disabled' || effort === 'none') return 'minimal'
  if (effort !== undefined) return effort === 'xhigh' || effort === 'max' ? 'high' : effort
  if (budgetTokens === undefined) return undefined
  return budgetTokens <= 1024 ? 'low' : budgetTokens <= 8192 ? 'medium' : 'high'
}

function nearest(wanted: string, taken: readonly string[]): string {
  const rank = levels.indexOf(wanted)
  const distance = (level: string): number => Math.abs(levels.indexOf(level) - rank)
  return taken.reduce((best, level) => (distance(level) < distance(best) ? level : best))
}

/** Tokens per effort; `minimal` is the least that every model of the 2.5 family takes. */
const budgets = { minimal: 128, low: 1024, medium: 2048, high: 4096, xhigh: 8192, max: 24_576 } as const

function budgetOf(reasoning: ReasoningRequest, profile: ModelProfile): JsonObject {
  const { effort, budgetTokens } = reasoning
  // a model that lists its efforts without `none` cannot be kept from thinking
  if (off(reasoning))
    return { thinkingBudget: profile.efforts && !profile.efforts.includes('none') ? leastBudget(profile) : 0 }
  if (budgetTokens !== undefined) return { thinkingBudget: budgetTokens }
  if (effort === 'minimal') return { thinkingBudget: leastBudget(profile) }
  if (effort !== undefined && effort !== 'none') return { thinkingBudget: budgets[effort] }
  return reasoning.mode === undefined ? {} : { thinkingBudget: -1 }
}

/** Flash-Lite takes no fewer than 512 (https://ai.google.dev/gemini-api/docs/thinking#set-budget). */
function leastBudget({ model }: ModelProfile): number {
  return /flash-lite/.test(model) ? 512 : budgets.minimal
}
