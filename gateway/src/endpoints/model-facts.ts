import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import { type ModelEntry, readEntry } from 'turnpike-core/internal/router/model-list/entry'
import { priceFor } from 'turnpike-core/internal/router/price'
import { readsAll } from '../access/rights.ts'
import type { House } from '../house.ts'
import type { Route, RouteCall } from '../pipeline/route.ts'
import type { BrokenModel } from '../registry/models.ts'
import { masked } from '../registry/secrets.ts'
import { supportedParams } from '../registry/supported-params.ts'
import type { Stored } from '../store/aggregate.ts'
import type { StoredModel } from '../store/store.ts'
import { groupsFor } from './listed.ts'
import { modelGroupInfo } from './model-groups.ts'
import { toUsdPerToken } from './model-prices.ts'
import { apiBaseFor } from './root-url.ts'

const row = { kind: 'route', method: 'GET', policy: 'key', groups: ['info_routes'], errors: 'openai-chat' } as const

/** What is known of the models that the caller may use, under LiteLLM's names. */
export const modelInfoRoutes: readonly Route[] = [
  {
    ...row,
    id: 'model.info',
    paths: ['/model/info', '/v1/model/info'],
    summary: 'One entry per deployment that the caller may use; never a secret.',
    handle: modelInfo,
  },
  {
    ...row,
    id: 'model.info.paged',
    paths: ['/v2/model/info'],
    summary: 'Deployments that the caller may use, searched, sorted and in pages.',
    handle: modelInfoPage,
  },
  {
    ...row,
    id: 'model-group.info',
    paths: ['/model_group/info'],
    detail: true,
    summary: 'One entry per model group that the caller may use.',
    handle: modelGroupInfo,
  },
]

/** A deployment, or a stored model that is not served. */
type Item = Deployment | BrokenModel

const idOf = (item: Item): string => item.id
const nameOf = (item: Item): string => ('group' in item ? item.group : item.name)

/** What the caller may see; whoever reads everything also sees what is not served. */
function itemsFor({ principal }: RouteCall, house: House): readonly Item[] {
  const groups = groupsFor(principal, house)
  const served = house.router.pool.deployments.filter(({ group }) => groups.has(group))
  return readsAll(principal) ? [...served, ...house.models.broken()] : served
}

async function modelInfo(call: RouteCall, house: House): Promise<Response> {
  const wanted = call.query.get('litellm_model_id')
  const all = itemsFor(call, house)
  const items = wanted === null || wanted === '' ? all : all.filter((item) => idOf(item) === wanted)
  if (wanted && items.length === 0)
    throw new GatewayError('invalid-request', `Model id = ${wanted.slice(0, 200)} not found on litellm proxy`, {
      param: 'litellm_model_id',
    })
  return Response.json({ data: await shown(items, call, house) })
}

const mostAtOnce = 500

async function modelInfoPage(call: RouteCall, house: House): Promise<Response> {
  const { query } = call
  const [page, size] = [whole(query, 'page', 1), Math.min(whole(query, 'size', 50), mostAtOnce)]
  const name = query.get('model')
  const id = query.get('modelId')
  const search = query.get('search')?.toLowerCase()
  const items = itemsFor(call, house).filter(
    (item) =>
      (!name || nameOf(item) === name) &&
      (!id || idOf(item) === id) &&
      (!search || nameOf(item).toLowerCase().includes(search)),
  )
  const sorted = inOrder(items, query)
  return Response.json({
    data: await shown(sorted.slice((page - 1) * size, page * size), call, house),
    total_count: items.length,
    current_page: page,
    total_pages: Math.ceil(items.length / size),
    size,
  })
}

function inOrder(items: readonly Item[], query: URLSearchParams): readonly Item[] {
  const by = query.get('sortBy')
  if (!by) return items
  if (by !== 'model_name' && by !== 'id')
    throw new GatewayError('invalid-request', 'sortBy must be model_name or id.', { param: 'sortBy' })
  const of = by === 'id' ? idOf : nameOf
  const sign = query.get('sortOrder') === 'desc' ? -1 : 1
  return [...items].sort((a, b) => (of(a) < of(b) ? -sign : of(a) > of(b) ? sign : 0))
}

function whole(query: URLSearchParams, name: string, usual: number): number {
  const text = query.get(name)
  if (text === null || text === '') return usual
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new GatewayError('invalid-request', `${name} must be a whole number from 1.`, { param: name })
}

/** Their entries. Parameters of what was added over the API come from its row, for those who may read everything. */
async function shown(items: readonly Item[], { principal }: RouteCall, house: House): Promise<readonly JsonObject[]> {
  const added = new Set(house.models.added().map(({ model_info: info }) => info?.id))
  const isStored = (item: Item): boolean => !('group' in item) || added.has(item.id)
  const ids = items.filter(isStored).map(idOf)
  const rows = new Map<string, Stored<StoredModel>>()
  for (let at = 0; readsAll(principal) && at < ids.length; at += mostAtOnce)
    for (const found of await house.store.models.findMany(ids.slice(at, at + mostAtOnce)))
      rows.set(found.value.id, found)
  return items.map((item) => {
    const stored = isStored(item) ? rows.get(idOf(item)) : undefined
    const seen = 'group' in item ? infoOf(item, house, added.has(item.id)) : notServed(item)
    return stored ? withRow(seen, stored, house) : seen
  })
}

interface Entry {
  readonly model_name: string
  readonly litellm_params: JsonObject
  readonly model_info: JsonObject
}

function notServed({ id, name, why }: BrokenModel): JsonObject & Entry {
  return { model_name: name, litellm_params: {}, model_info: { id, db_model: true, error: why } }
}

function withRow(
  entry: JsonObject & Entry,
  { value, ...row }: Stored<StoredModel>,
  { sealing }: House,
): JsonObject & Entry {
  const { litellm_params: params, model_info: info } = value.entry as {
    litellm_params?: JsonObject
    model_info?: JsonObject
  }
  return {
    model_name: value.name,
    litellm_params: { ...entry.litellm_params, ...masked(params ?? {}, sealing) },
    model_info: {
      ...entry.model_info,
      ...masked(info ?? {}, sealing),
      blocked: value.blocked,
      created_at: new Date(row.createdAt).toISOString(),
      created_by: row.createdBy,
      updated_at: new Date(row.updatedAt).toISOString(),
      updated_by: row.updatedBy,
    },
  }
}

/** A deployment as LiteLLM shows it; never a secret. */
function infoOf(deployment: Deployment, house: House, added: boolean): JsonObject & Entry {
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
      mode: 'chat',
      key: deployment.pricedAs ?? deployment.model,
      litellm_provider: deployment.provider.name,
      max_tokens: profile.maxOutputTokens ?? null,
      max_input_tokens: profile.contextTokens ?? null,
      max_output_tokens: profile.maxOutputTokens ?? null,
      supports_vision: profile.reads?.includes('image') ?? null,
      supports_pdf_input: profile.reads?.includes('pdf') ?? null,
      supports_audio_input: profile.reads?.includes('audio') ?? null,
      supports_function_calling: profile.tools ?? null,
      supports_response_schema: profile.structuredOutput ?? null,
      supports_reasoning: profile.thinking === undefined ? null : profile.thinking !== 'none',
      supported_openai_params: supportedParams(deployment),
      ...toUsdPerToken(priceFor(deployment, house.now())),
      ...masked(ownInfo(deployment.id, house), house.sealing),
      id: deployment.id,
      db_model: added,
    },
  }
}

const infosOf = new WeakMap<readonly ModelEntry[], ReadonlyMap<string, JsonObject>>()

/** What the entry itself says in `model_info`. */
function ownInfo(id: string, { models, config }: House): JsonObject {
  for (const entries of [models.declared, models.added()]) {
    let infos = infosOf.get(entries)
    if (!infos) {
      infos = new Map(
        entries.map((entry) => [readEntry(entry, config.environment).deployment.id, entry.model_info ?? {}] as const),
      )
      infosOf.set(entries, infos)
    }
    const found = infos.get(id)
    if (found) return found
  }
  return {}
}
