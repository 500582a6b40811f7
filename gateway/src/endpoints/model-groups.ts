import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import type { Group } from 'turnpike-core/internal/router/pool'
import { priceFor } from 'turnpike-core/internal/router/price'
import type { House } from '../house.ts'
import type { RouteCall } from '../pipeline/route.ts'
import { supportedParams } from '../registry/supported-params.ts'
import { groupsFor } from './listed.ts'
import { toUsdPerToken } from './model-prices.ts'

/** One entry per model group that the caller may use: what its deployments can do and cost together. */
export function modelGroupInfo({ principal, query }: RouteCall, house: House): Response {
  const wanted = query.get('model_group')
  const groups = [...groupsFor(principal, house).values()].filter(({ name }) => !wanted || name === wanted)
  return Response.json({ data: groups.map((group) => groupInfo(group, house)) })
}

function groupInfo({ name, deployments }: Group, house: House): JsonObject {
  const prices = deployments.map((deployment) => toUsdPerToken(priceFor(deployment, house.now())))
  const most = (values: readonly (number | null | undefined)[]): number | null => {
    const known = values.filter((value) => typeof value === 'number')
    return known.length > 0 ? Math.max(...known) : null
  }
  const sum = (values: readonly (number | undefined)[]): number | null => {
    const known = values.filter((value) => value !== undefined)
    return known.length > 0 ? known.reduce((a, b) => a + b, 0) : null
  }
  const some = (is: (profile: Deployment['profile']) => boolean): boolean =>
    deployments.some(({ profile }) => is(profile))
  return {
    model_group: name,
    providers: [...new Set(deployments.map(({ provider }) => provider.name))],
    max_input_tokens: most(deployments.map(({ profile }) => profile.contextTokens)),
    max_output_tokens: most(deployments.map(({ profile }) => profile.maxOutputTokens)),
    input_cost_per_token: most(prices.map((price) => price.input_cost_per_token)),
    output_cost_per_token: most(prices.map((price) => price.output_cost_per_token)),
    mode: 'chat',
    rpm: sum(deployments.map(({ rpm }) => rpm)),
    tpm: sum(deployments.map(({ tpm }) => tpm)),
    supports_parallel_function_calling: deployments.some((one) => supportedParams(one).includes('parallel_tool_calls')),
    supports_vision: some(({ reads }) => reads?.includes('image') ?? false),
    supports_web_search: deployments.some((one) => supportedParams(one).includes('web_search_options')),
    supports_url_context: false,
    supports_reasoning: some(({ thinking }) => thinking !== undefined && thinking !== 'none'),
    supports_function_calling: some(({ tools }) => tools ?? false),
    supported_openai_params: [...new Set(deployments.flatMap((one) => supportedParams(one)))],
    configurable_clientside_auth_params: null,
    is_public_model_group: false,
  }
}
