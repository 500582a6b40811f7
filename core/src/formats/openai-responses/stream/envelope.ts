import { asObject, type Json, type JsonObject, leftovers } from '../../../kernel/json.ts'
import type { ChatRequest } from '../../../vocabulary/chat-request.ts'
import type { Finish } from '../../../vocabulary/chat-response.ts'
import type { AssistantPart } from '../../../vocabulary/parts.ts'
import { toolNames } from '../../tool-names.ts'
import { own, takeNotes } from '../own.ts'
import { writeRequest } from '../request/write.ts'
import { writeInput } from '../request/write-input.ts'

const echoes = [
  'background',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'parallel_tool_calls',
  'previous_response_id',
  'prompt_cache_key',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'store',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
  'metadata',
] as const

/** Fields of a response object that the vocabulary has words for, or that merely repeat the request. */
const known: ReadonlySet<string> = new Set(
  [
    ...echoes,
    'id object created_at completed_at status error incomplete_details model output output_text usage service_tier'.split(
      ' ',
    ),
    'frequency_penalty',
    'presence_penalty',
  ].flat(),
)

/** What an answer says beyond that. */
export function responseExtras(response: JsonObject): JsonObject | undefined {
  return leftovers(response, known)
}

/** What the fields say that the caller left out: https://platform.openai.com/docs/api-reference/responses/object */
const defaults: JsonObject = {
  background: false,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  prompt_cache_retention: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  store: true,
  temperature: 1,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  user: null,
  metadata: {},
}

/** The request's fields that every response object repeats, each with its default. */
export function echo(request: ChatRequest): JsonObject {
  const said = repeat(request)
  const out: Record<string, Json | undefined> = {}
  for (const name of echoes) out[name] = said[name] ?? defaults[name]
  out.text = { ...asObject(defaults.text), ...asObject(said.text) }
  out.reasoning = { ...asObject(defaults.reasoning), ...asObject(said.reasoning) }
  return out
}

/** The request in this format without its talk; what it cannot say here is left out of the echo. */
function repeat(request: ChatRequest): JsonObject {
  const native = request.native?.format === own ? request.native : ({ format: own, fields: {} } as const)
  const { choices: _choices, modalities: _modalities, ...rest } = request
  const tools = request.tools?.filter((tool) => tool.type !== 'native' || tool.format === own)
  const quiet: ChatRequest = { ...rest, messages: [], native, ...(tools && { tools }) }
  const [first] = request.messages
  const opening = first?.role === 'system' ? [first] : []
  const writing = { notes: takeNotes(), profile: { model: request.model }, names: toolNames(undefined) }
  return {
    ...writeRequest(quiet, { model: request.model }).value,
    instructions: writeInput(opening, writing).instructions,
  }
}

/** How an answer ended, in this format's words. */
export interface Ending {
  readonly status: 'completed' | 'incomplete' | 'failed'
  readonly reason?: string
}

type EndingOf = (content: readonly AssistantPart['type'][]) => Ending

const completed: Ending = { status: 'completed' }
const tooLong: Ending = { status: 'incomplete', reason: 'max_output_tokens' }
const filtered: Ending = { status: 'incomplete', reason: 'content_filter' }

const endings: { readonly [R in Finish['reason']]: EndingOf } = {
  stop: () => completed,
  'stop-sequence': () => completed,
  'tool-calls': () => completed,
  length: () => tooLong,
  'context-length': () => tooLong,
  'content-filter': () => filtered,
  // a refusal in words is an answer; one without is an answer cut off
  refusal: (content) => (content.includes('refusal') ? completed : filtered),
  pause: () => completed,
  error: () => ({ status: 'failed' }),
  other: () => completed,
}

export function endingOf(finish: Finish, content: readonly AssistantPart['type'][]): Ending {
  return endings[finish.reason](content)
}

/** The end of a provider's response object in the vocabulary's words. */
export function readFinish(response: JsonObject, calls: boolean): Finish {
  const reason = asObject(response.incomplete_details)?.reason
  if (response.status === 'incomplete') {
    const raw = typeof reason === 'string' ? reason : 'incomplete'
    if (reason === 'content_filter') return { reason: 'content-filter', raw }
    return { reason: reason === 'max_output_tokens' || reason === 'max_tokens' ? 'length' : 'other', raw }
  }
  const raw = typeof response.status === 'string' ? response.status : 'completed'
  if (calls) return { reason: 'tool-calls', raw }
  return { reason: raw === 'completed' ? 'stop' : 'other', raw }
}
