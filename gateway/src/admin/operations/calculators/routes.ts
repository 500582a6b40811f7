import { z } from 'zod'
import type { Route } from '../../../pipeline/route.ts'
import { supportedParams } from '../../../registry/supported-params.ts'
import { row } from '../../row.ts'
import { id, invalid, querySwitch } from '../../shapes.ts'
import { calculateSpend, estimateBody, estimateCost, spendBody } from './costs.ts'
import { rawBody, rawRequest } from './raw-request.ts'
import { subjectOf } from './subject.ts'
import { countBody, countTokens } from './token-counts.ts'

const anyone = { policy: 'key', groups: ['info_routes'] } as const

/** What can be known of a call without making it. */
export const calculatorRoutes: readonly Route[] = [
  row({
    id: 'tokens.count',
    at: 'POST /utils/token_counter',
    ...anyone,
    summary: 'Counts the tokens of a prompt, messages or contents: by estimate, or by the provider with call_endpoint.',
    body: countBody,
    query: z.object({ call_endpoint: querySwitch.optional() }),
    handle: (desk) => countTokens(desk.body, desk.query.call_endpoint ?? false, desk),
  }),
  row({
    id: 'params.supported',
    at: 'GET /utils/supported_openai_params',
    ...anyone,
    summary: "Names the parameters of OpenAI's chat format that reach a model.",
    query: z.object({ model: id }),
    handle: (desk) => {
      const params = supportedParams(subjectOf(desk.query.model, desk).deployment)
      if (params.length === 0) throw invalid('model', `Nothing is known of what ${desk.query.model} supports.`)
      return { supported_openai_params: params }
    },
  }),
  row({
    id: 'request.transform',
    at: 'POST /utils/transform_request',
    ...anyone,
    summary: 'Shows what would be sent to the provider for a call, without sending it.',
    body: rawBody,
    handle: (desk) => rawRequest(desk.body, desk),
  }),
  row({
    id: 'spend.calculate',
    at: 'POST /spend/calculate',
    policy: 'key',
    groups: ['spend_tracking_routes'],
    summary: 'Says what an answer cost, or what messages would cost to read.',
    body: spendBody,
    handle: (desk) => calculateSpend(desk.body, desk),
  }),
  row({
    id: 'cost.estimate',
    at: 'POST /cost/estimate',
    ...anyone,
    summary: 'Says what calls of a size would cost, one and many.',
    body: estimateBody,
    handle: (desk) => estimateCost(desk.body, desk),
  }),
]
