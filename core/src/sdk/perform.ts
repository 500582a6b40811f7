import { answerWhole, flowFor } from '../client/answer.ts'
import { type Call, callOf } from '../client/call.ts'
import { GatewayError } from '../kernel/faults.ts'
import { toUsd } from '../kernel/money.ts'
import { readSse } from '../kernel/sse.ts'
import { priceOf } from '../models/book.ts'
import { cost } from '../models/cost.ts'
import { estimateInput } from '../models/estimate.ts'
import type { Answer, Dispatcher } from '../router/dispatch.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import type { Usage } from '../vocabulary/usage.ts'
import { keepReceipt } from './receipt.ts'
import type { CallOptions } from './types.ts'

/** Fields of the parameters that are not part of the request. */
const optionNames = new Set([
  'api_key',
  'api_base',
  'base_url',
  'api_version',
  'fallbacks',
  'num_retries',
  'timeout',
  'drop_params',
  'extra_body',
  'extra_headers',
  'mock_response',
  'signal',
])

/** Sends parameters in one of OpenAI's shapes through a router and returns the answer in that shape. */
export async function perform(
  format: FormatId,
  params: CallOptions & { readonly model: string },
  router: Dispatcher,
): Promise<object> {
  const body = Object.fromEntries(
    Object.entries(params).filter(([name, value]) => !optionNames.has(name) && value !== undefined),
  )
  const call = callOf({ format, bytes: new TextEncoder().encode(JSON.stringify(body)) })
  const { signal, fallbacks, num_retries: retries, timeout } = params
  const answer = await router.ask(call, router.group(call.model), {
    ...(signal && { signal }),
    ...(fallbacks && { fallbacks }),
    ...(retries !== undefined && { retries }),
    ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
  })
  return call.stream ? stream(call, answer) : whole(call, answer)
}

function whole(call: Call, answer: Answer): object {
  if (answer.reply.kind !== 'whole')
    throw new GatewayError('provider-garbled', 'The provider streamed an answer that was not to be streamed.')
  const { bytes, usage, serviceTier } = answerWhole(call, answer.reply)
  answer.done({ ...(usage && { outputTokens: usage.output }) })
  const value = JSON.parse(new TextDecoder().decode(bytes)) as object
  settle(value, answer, usage, serviceTier)
  return value
}

function settle(value: object, answer: Answer, usage: Usage | undefined, serviceTier: string | undefined): void {
  const { deployment } = answer
  const price =
    deployment.price ?? priceOf(deployment.provider.name, deployment.pricedAs ?? deployment.model, Date.now())
  keepReceipt(value, {
    cost:
      usage && price ? toUsd(cost(usage, price, serviceTier === undefined ? {} : { serviceTier }).total) : undefined,
    usage,
    provider: deployment.provider.name,
    model: deployment.model,
    retries: answer.retries,
    fallbacks: answer.fallbacks,
    warnings: answer.compiled.warnings,
  })
}

/** The chunks of a stream; leaving the loop early closes the provider's connection. */
function stream(call: Call, answer: Answer): AsyncIterable<object> {
  const iterable = { [Symbol.asyncIterator]: () => chunks() }
  return iterable

  async function* chunks(): AsyncGenerator<object> {
    const flow = flowFor(call, answer.compiled, { inputEstimate: estimateInput(call.envelope.bytes.length) })
    const frames = readSse()
    const { reply } = answer
    let failure: GatewayError | undefined
    try {
      const blocks = reply.kind === 'stream' ? blocksOf(reply.head, reply.next) : [answerWhole(call, reply).bytes]
      for await (const block of blocks) for (const { data } of frames.push(flow.push(block))) yield* parsed(data)
      for (const { data } of [...frames.push(flow.end()), ...frames.end()]) yield* parsed(data)
      failure = flow.failure()
    } finally {
      if (reply.kind === 'stream') reply.close()
      const usage = flow.usage()
      answer.done({ ...(usage && { outputTokens: usage.output }), ...(failure && { error: failure }) })
      settle(iterable, answer, usage, flow.serviceTier())
    }
    if (failure) throw failure
  }
}

async function* blocksOf(
  head: readonly Uint8Array[],
  next: () => Promise<Uint8Array | undefined>,
): AsyncGenerator<Uint8Array> {
  yield* head
  for (let block = await next(); block; block = await next()) yield block
}

function* parsed(frame: string): Generator<object> {
  if (frame === '[DONE]') return
  const value = JSON.parse(frame) as { error?: unknown }
  if (value.error === undefined || value.error === null) yield value
}
