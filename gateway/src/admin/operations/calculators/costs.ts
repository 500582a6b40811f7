import { formatOf } from 'turnpike-core/internal/formats/index'
import { asString, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import type { Cost } from 'turnpike-core/internal/models/cost'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import { costOf } from 'turnpike-core/internal/router/price'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'
import { type Usage, usageOf } from 'turnpike-core/internal/vocabulary/usage'
import { z } from 'zod'
import type { Who } from '../../desk.ts'
import { anyObject, id, invalid, whole } from '../../shapes.ts'
import { subjectOf } from './subject.ts'
import { estimateMessages } from './token-counts.ts'

type Asking = Pick<Who, 'caller' | 'house'>

export const spendBody = z.object({
  model: id.nullish(),
  messages: z.array(anyObject).nullish(),
  completion_response: anyObject.nullish(),
})

/** What an answer cost, or what these messages cost to read. */
export function calculateSpend(body: z.infer<typeof spendBody>, asking: Asking): JsonObject {
  const { messages, completion_response: answer } = body
  const model = body.model ?? asString(answer?.model)
  if (model === undefined) throw invalid('model', 'Name the model, or send a completion_response that names it.')
  if (!answer && !messages) throw invalid('messages', 'Send messages or a completion_response.')
  const { deployment } = subjectOf(model, asking)
  const read = answer ? usageIn(answer) : undefined
  if (answer && !read)
    throw invalid('completion_response', 'completion_response tells no usage: there is nothing to price.')
  const usage = read?.usage ?? usageOf({ input: estimateMessages({ messages: messages ?? [] }), source: 'counted' })
  return { cost: toUsd(priced(usage, deployment, asking, read?.tier).total) }
}

/** Which format an answer is in, by what only that format has. */
const marks: readonly (readonly [FormatId, (answer: JsonObject) => boolean])[] = [
  ['openai-responses', ({ object }) => object === 'response'],
  ['anthropic-messages', ({ type }) => type === 'message'],
  ['gemini', ({ usageMetadata }) => usageMetadata !== undefined],
]

function usageIn(answer: JsonObject): { readonly usage: Usage; readonly tier: string | undefined } | undefined {
  const [format] = marks.find(([, is]) => is(answer)) ?? (['openai-chat'] as const)
  const meter = formatOf(format).client.meter()
  meter.read(answer)
  const usage = meter.usage()
  return usage && { usage, tier: meter.serviceTier?.() }
}

function priced(usage: Usage, deployment: Deployment, { house }: Asking, serviceTier?: string): Cost {
  const cost = costOf(usage, deployment, { at: house.now(), serviceTier })
  if (!cost)
    throw invalid(
      'model',
      `No price is known for ${deployment.provider.name}/${deployment.model}: give the model input_cost_per_token and output_cost_per_token.`,
    )
  return cost
}

export const estimateBody = z.object({
  model: id,
  input_tokens: whole,
  output_tokens: whole,
  num_requests_per_day: whole.nullish(),
  num_requests_per_month: whole.nullish(),
})

/** What calls of this size would cost, one and many. */
export function estimateCost(body: z.infer<typeof estimateBody>, asking: Asking): JsonObject {
  const { deployment } = subjectOf(body.model, asking)
  const usage = usageOf({ input: body.input_tokens, output: body.output_tokens, source: 'counted' })
  const { total, input, output, rates } = priced(usage, deployment, asking)
  const times = (amount: NanoUsd, count: number | null | undefined) =>
    count === null || count === undefined ? null : toUsd((amount * count) as NanoUsd)
  const over = (period: 'daily' | 'monthly', count: number | null | undefined): JsonObject => ({
    [`${period}_cost`]: times(total, count),
    [`${period}_input_cost`]: times(input, count),
    [`${period}_output_cost`]: times(output, count),
    [`${period}_margin_cost`]: count === null || count === undefined ? null : 0,
  })
  return {
    model: body.model,
    input_tokens: body.input_tokens,
    output_tokens: body.output_tokens,
    num_requests_per_day: body.num_requests_per_day ?? null,
    num_requests_per_month: body.num_requests_per_month ?? null,
    cost_per_request: toUsd(total),
    input_cost_per_request: toUsd(input),
    output_cost_per_request: toUsd(output),
    margin_cost_per_request: 0,
    ...over('daily', body.num_requests_per_day),
    ...over('monthly', body.num_requests_per_month),
    input_cost_per_token: rates.input === undefined ? null : rates.input / 1e12,
    output_cost_per_token: rates.output === undefined ? null : rates.output / 1e12,
    provider: deployment.provider.name,
  }
}
