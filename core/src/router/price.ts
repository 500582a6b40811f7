import type { Call } from '../client/call.ts'
import { asArray, asObject, asString } from '../kernel/json.ts'
import { priceOf, priceOfName, reportsCost } from '../models/book.ts'
import { type Cost, type CostContext, cost, costAsReported, reportedCost } from '../models/cost.ts'
import { completePrice } from '../models/custom-price.ts'
import type { Price } from '../models/price.ts'
import type { Usage } from '../vocabulary/usage.ts'
import type { Deployment } from './deployment.ts'

/**
 * The price of a deployment at a moment: its own, completed from the book's exact entry, else that entry. Undefined when nobody
 * knows it.
 */
export function priceFor({ price, provider, pricedAs, model }: Deployment, at: number): Price | undefined {
  const listed = pricedAs === undefined ? priceOf(provider.name, model, at) : priceOfName(provider.name, pricedAs, at)
  return price ? completePrice(price, listed) : listed
}

/** What besides its usage decides what an exchange costs. */
export interface CostTerms {
  readonly at: number
  /** the tier that the provider says it served the call at; what was asked for counts where it does not say */
  readonly serviceTier?: string | undefined
  readonly call?: Call | undefined
  /** how long the call took, for deployments that are paid by the second */
  readonly seconds?: number
}

/** What an exchange cost; undefined when the price or the usage is unknown. */
export function costOf(usage: Usage | undefined, deployment: Deployment, terms: CostTerms): Cost | undefined {
  if (!usage) return undefined
  const price = priceFor(deployment, terms.at)
  const listed = price && cost(timed(usage, price, terms.seconds), price, contextOf(usage, deployment, terms))
  const believed = !deployment.price && reportsCost(deployment.provider.name)
  const reported = believed ? reportedCost(usage.raw) : undefined
  return reported === undefined ? listed : costAsReported(reported, usage, listed)
}

function timed(usage: Usage, price: Price, seconds: number | undefined): Usage {
  if (seconds === undefined || price.rates.measures?.seconds === undefined) return usage
  return { ...usage, measures: { seconds, ...usage.measures } }
}

const usual: CostContext = {}

function contextOf(usage: Usage, deployment: Deployment, { serviceTier, call }: CostTerms): CostContext {
  const tier = serviceTier ?? (call && askedTier(call, deployment))
  const search = (usage.calls.web_search ?? 0) > 0 && call ? searchContext(call) : undefined
  if (tier === undefined && search === undefined) return usual
  return {
    ...(tier !== undefined && { serviceTier: tier }),
    ...(search !== undefined && { searchContext: search }),
  }
}

/** The service tier that the request, or else its deployment's default, asks for. */
export function askedTier(call: Call, { defaults }: Deployment): string | undefined {
  return asString(call.field('service_tier')) ?? asString(call.field('serviceTier')) ?? asString(defaults?.service_tier)
}

/** The size of the search context that the request asks for, in OpenAI's chat and responses formats. */
function searchContext(call: Call): string | undefined {
  const options = [call.field('web_search_options'), ...asArray(call.field('tools'))]
  return options.map((option) => asString(asObject(option)?.search_context_size)).find((size) => size !== undefined)
}
