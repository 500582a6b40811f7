import { anyProvider } from 'turnpike-core/internal/client/build-target'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { knownModels } from 'turnpike-core/internal/models/book'
import { profileOf } from 'turnpike-core/internal/models/profiles'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import { mayCall } from '../access/grants.ts'
import type { House } from '../house.ts'
import { priceFor } from '../pipeline/price.ts'
import type { Route, RouteCall } from '../pipeline/route.ts'
import type { Principal } from '../vocabulary/principal.ts'
import { toUsdPerToken } from './model-prices.ts'
import { apiBaseFor } from './root-url.ts'

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
  {
    kind: 'route',
    id: 'model.info',
    method: 'GET',
    paths: ['/model/info', '/v1/model/info'],
    policy: 'key',
    groups: ['info_routes'],
    errors: 'openai-chat',
    handle: modelInfo,
  },
]

/** A model that can be asked for by name. */
interface Listed {
  readonly name: string
  readonly deployment: Deployment | undefined
}

/** The names this caller may use: groups and aliases, wildcards expanded to the models their provider is known to have. */
function listed(principal: Principal, house: House): Listed[] {
  const names = new Map<string, Listed>()
  for (const name of house.router.pool.names) {
    const deployment = house.router.pool.find(name)?.deployments[0]
    for (const plain of name.includes('*') ? expand(name, house) : [name]) names.set(plain, { name: plain, deployment })
  }
  const all = [...names.values()]
  return all.filter(({ name, deployment }) =>
    mayCall(principal, { names: [name], ...(deployment?.accessGroups && { accessGroups: deployment.accessGroups }) }),
  )
}

function expand(name: string, house: House): readonly string[] {
  const deployments = house.router.pool.deployments.filter((deployment) => deployment.group === name)
  return deployments.flatMap(({ provider, model }) => {
    if (provider === anyProvider) return []
    const known = knownModels(provider.name).filter((known_) => matches(model, known_))
    return known.map((known_) => name.replace('*', name.startsWith(`${provider.name}/`) ? known_ : `${known_}`))
  })
}

function matches(template: string, model: string): boolean {
  return template === '*' || model.startsWith(template.slice(0, template.indexOf('*')))
}

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
  const allowed =
    group &&
    mayCall(principal, {
      names: [name ?? ''],
      accessGroups: group.deployments.flatMap(({ accessGroups }) => accessGroups ?? []),
    })
  if (!allowed || name === undefined)
    throw new GatewayError('not-found', `The model \`${name ?? ''}\` does not exist or you do not have access to it.`, {
      param: 'model',
      kind: 'not_found_error',
    })
  return { name, deployment: group.deployments[0] }
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

/** One entry per deployment the caller may use, LiteLLM's fields; never a key. */
function modelInfo({ principal, query }: RouteCall, house: House): Response {
  const wanted = query.get('litellm_model_id')
  const names = new Set(listed(principal, house).map(({ name }) => name))
  const data = house.router.pool.deployments
    .filter((deployment) =>
      wanted === null
        ? principal.kind !== 'key' || names.has(deployment.group) || deployment.group.includes('*')
        : deployment.id === wanted,
    )
    .map((deployment) => infoOf(deployment, house.now()))
  return Response.json({ data })
}

function infoOf(deployment: Deployment, now: number) {
  const { profile } = deployment
  return {
    model_name: deployment.group,
    litellm_params: {
      model: `${deployment.provider.name}/${deployment.model}`,
      api_base: apiBaseFor(deployment),
      ...(deployment.rpm !== undefined && { rpm: deployment.rpm }),
      ...(deployment.tpm !== undefined && { tpm: deployment.tpm }),
    },
    model_info: {
      id: deployment.id,
      db_model: false,
      key: deployment.pricedAs ?? deployment.model,
      litellm_provider: deployment.provider.name,
      mode: 'chat',
      max_tokens: profile.maxOutputTokens ?? null,
      max_input_tokens: profile.contextTokens ?? null,
      max_output_tokens: profile.maxOutputTokens ?? null,
      supports_vision: profile.reads?.includes('image') ?? null,
      supports_pdf_input: profile.reads?.includes('pdf') ?? null,
      supports_audio_input: profile.reads?.includes('audio') ?? null,
      supports_function_calling: profile.tools ?? null,
      supports_response_schema: profile.structuredOutput ?? null,
      supports_reasoning: profile.thinking === undefined ? null : profile.thinking !== 'none',
      ...toUsdPerToken(priceFor(deployment, now)),
    },
  }
}
