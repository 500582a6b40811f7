import { answerWhole, flowFor, unfoldAnswer, type WholeAnswer } from '../client/answer.ts'
import { type Call, callOf } from '../client/call.ts'
import type { StreamReply, WholeReply } from '../client/send.ts'
import { GatewayError, withDetail } from '../kernel/faults.ts'
import { parseObject } from '../kernel/json.ts'
import { toUsd } from '../kernel/money.ts'
import { readSse } from '../kernel/sse.ts'
import { run } from '../kernel/transducer.ts'
import { estimateBody } from '../models/estimate.ts'
import type { Answer, Dispatcher } from '../router/dispatch.ts'
import { costOf } from '../router/price.ts'
import { asGatewayError } from '../router/trial.ts'
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
  const startedAt = Date.now()
  const answer = await router.ask(call, router.group(call.model), {
    ...(signal && { signal }),
    ...(fallbacks && { fallbacks }),
    ...(retries !== undefined && { retries }),
    ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
  })
  const asked = { call, startedAt }
  return call.stream ? stream(asked, answer) : whole(asked, answer)
}

interface Asked {
  readonly call: Call
  readonly startedAt: number
}

function whole(asked: Asked, answer: Answer): object {
  const { call } = asked
  const { reply } = answer
  if (reply.kind !== 'whole')
    throw new GatewayError('provider-garbled', 'The provider streamed an answer that was not to be streamed.')
  const { bytes, ...told } = complete(answer, () => answerWhole(call, reply))
  const value = JSON.parse(new TextDecoder().decode(bytes)) as object
  settle(value, answer, { ...asked, ...told })
  return value
}

/** Makes a whole answer, and tells the router how that went. */
function complete(answer: Answer, make: () => WholeAnswer): WholeAnswer {
  try {
    const made = make()
    answer.done({ ...(made.usage && { inputTokens: made.usage.input, outputTokens: made.usage.output }) })
    return made
  } catch (thrown) {
    const error = failureOf(answer, thrown)
    answer.done({ error })
    throw error
  }
}

/** What was thrown, as an error that names the provider. */
function failureOf({ deployment }: Answer, thrown: unknown): GatewayError {
  return withDetail(asGatewayError(thrown), { provider: deployment.provider.name, model: deployment.model })
}

interface Ending extends Asked {
  readonly usage: Usage | undefined
  readonly serviceTier: string | undefined
}

function settle(value: object, answer: Answer, { call, startedAt, usage, serviceTier }: Ending): void {
  const { deployment } = answer
  const seconds = (Date.now() - startedAt) / 1000
  const cost = costOf(usage, deployment, { at: startedAt, serviceTier, call, seconds })
  keepReceipt(value, {
    cost: cost && toUsd(cost.total),
    usage,
    provider: deployment.provider.name,
    model: deployment.model,
    retries: answer.retries,
    fallbacks: answer.fallbacks,
    warnings: answer.compiled.warnings,
  })
}

/** The chunks of a stream; leaving the loop early closes the provider's connection. */
function stream(asked: Asked, answer: Answer): AsyncIterable<object> {
  const { call } = asked
  const { reply } = answer
  const iterable = {
    [Symbol.asyncIterator]: () => (reply.kind === 'stream' ? chunks(reply) : unfolded(reply)),
  }
  return iterable

  async function* chunks({ head, next, close }: StreamReply): AsyncGenerator<object> {
    const flow = flowFor(call, answer.compiled, { inputEstimate: estimateBody(call.envelope.bytes) })
    const frames = readSse()
    let failure: GatewayError | undefined
    try {
      for await (const block of blocksOf(head, next))
        for (const { data } of frames.push(flow.push(block))) yield* parsed(data)
      for (const { data } of [...frames.push(flow.end()), ...frames.end()]) yield* parsed(data)
      const told = flow.failure()
      if (told) throw told
    } catch (thrown) {
      failure = failureOf(answer, thrown)
      throw failure
    } finally {
      close()
      const usage = flow.usage()
      answer.done({
        ...(usage && { inputTokens: usage.input, outputTokens: usage.output }),
        ...(failure && { error: failure }),
      })
      settle(iterable, answer, { ...asked, usage, serviceTier: flow.serviceTier() })
    }
  }

  /** A provider that was asked for a stream may answer whole all the same. */
  async function* unfolded(given: WholeReply): AsyncGenerator<object> {
    const { bytes, ...told } = complete(answer, () => unfoldAnswer(call, given))
    settle(iterable, answer, { ...asked, ...told })
    for (const { data } of run(readSse(), [bytes])) yield* parsed(data)
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
  const value = parseObject(frame)
  if (!value) throw new GatewayError('provider-garbled', 'The provider sent a part of a stream that is not JSON.')
  if (value.error === undefined || value.error === null) yield value
}
