import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { profileOf } from 'turnpike-core/internal/models/profiles'
import { mayCall } from '../access/grants.ts'
import type { House } from '../house.ts'
import { targetOf } from '../pipeline/resolve.ts'
import type { Route, RouteCall } from '../pipeline/route.ts'
import type { Principal } from '../vocabulary/principal.ts'
import { type Listed, listed } from './listed.ts'

/** Listings of what the caller may ask for. */
export const modelRoutes: readonly Route[] = [
  {
    kind: 'route',
    id: 'models.list',
    method: 'GET',
    paths: ['/v1/models', '/models', '/openai/v1/models'],
    policy: 'key',
    groups: ['llm_api_routes', 'openai_routes', 'info_routes'],
    errors: 'openai-chat',
    handle: listModels,
  },
  {
    kind: 'route',
    id: 'models.retrieve',
    method: 'GET',
    paths: ['/v1/models/:model+', '/models/:model+', '/openai/v1/models/:model+'],
    policy: 'key',
    groups: ['llm_api_routes', 'openai_routes', 'info_routes'],
    errors: 'openai-chat',
    handle: retrieveModel,
  },
  {
    kind: 'route',
    id: 'google.models.list',
    method: 'GET',
    paths: ['/v1beta/models'],
    policy: 'key',
    groups: ['llm_api_routes', 'google_routes', 'info_routes'],
    errors: 'gemini',
    handle: listGoogleModels,
  },
  {
    kind: 'route',
    id: 'google.models.get',
    method: 'GET',
    paths: ['/v1beta/models/:model+'],
    policy: 'key',
    groups: ['llm_api_routes', 'google_routes', 'info_routes'],
    errors: 'gemini',
    handle: getGoogleModel,
  },
]

function card({ name, deployment }: Listed) {
  const profile =
    deployment &&
    (name.includes('/') && deployment.model.includes('*')
      ? profileOf(deployment.provider.name, name.slice(name.indexOf('/') + 1))
      : deployment.profile)
  return {
    id: name,
    object: 'model',
    created: createdAt,
    owned_by: deployment?.provider.name ?? 'openai',
    ...(profile?.contextTokens !== undefined && { context_window: profile.contextTokens }),
    ...(profile?.maxOutputTokens !== undefined && { max_output_tokens: profile.maxOutputTokens }),
  }
}

/** LiteLLM's constant for `created`; clients only need a number. */
const createdAt = 1_677_610_602

function listModels({ request, principal }: RouteCall, house: House): Response {
  const models = listed(principal, house)
  if (request.headers.has('anthropic-version')) return Response.json(anthropicList(models))
  return Response.json({ object: 'list', data: models.map(card) })
}

/** https://docs.anthropic.com/en/api/models-list */
function anthropicList(models: readonly Listed[]) {
  const data = models.map(anthropicCard)
  return { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null }
}

function anthropicCard({ name }: Listed) {
  return { type: 'model', id: name, display_name: name, created_at: new Date(createdAt * 1000).toISOString() }
}

function find(name: string | undefined, principal: Principal, house: House): Listed {
  const exact = listed(principal, house).find((model) => model.name === name)
  if (exact) return exact
  const group = name === undefined ? undefined : house.router.pool.find(name)
  const allowed = name !== undefined && group !== undefined && mayCall(principal, targetOf(name, group))
  if (!allowed)
    throw new GatewayError('not-found', `The model \`${name ?? ''}\` does not exist or you do not have access to it.`, {
      param: 'model',
      kind: 'not_found_error',
    })
  return { name, group, deployment: group.deployments[0] }
}

function retrieveModel({ request, params, principal }: RouteCall, house: House): Response {
  const found = find(params.model, principal, house)
  return Response.json(request.headers.has('anthropic-version') ? anthropicCard(found) : card(found))
}

/** https://ai.google.dev/api/models */
function googleCard({ name, deployment }: Listed) {
  return {
    name: `models/${name}`,
    baseModelId: name,
    version: '001',
    displayName: name,
    ...(deployment?.profile.contextTokens !== undefined && { inputTokenLimit: deployment.profile.contextTokens }),
    ...(deployment?.profile.maxOutputTokens !== undefined && { outputTokenLimit: deployment.profile.maxOutputTokens }),
    supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
  }
}

function listGoogleModels({ principal }: RouteCall, house: House): Response {
  return Response.json({ models: listed(principal, house).map(googleCard) })
}

function getGoogleModel({ params, principal }: RouteCall, house: House): Response {
  return Response.json(googleCard(find(params.model?.replace(/^models\//, ''), principal, house)))
}
