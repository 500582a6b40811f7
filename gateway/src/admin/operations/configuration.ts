import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { readEntry } from 'turnpike-core/internal/router/model-list/entry'
import type { Origin, Source, Sourced } from '../../config/config.ts'
import type { House } from '../../house.ts'
import { everyRow } from '../../registry/load.ts'
import { mask, masked } from '../../registry/secrets.ts'
import { record } from '../desk.ts'
import type { Desk } from '../row.ts'
import { iso } from '../terms.ts'

/** `POST /config/reload`: read, check, swap. A configuration that cannot be served is refused with its places, and the old one goes on. */
export async function reloadConfig(desk: Desk<undefined, undefined>): Promise<Response> {
  const { house } = desk
  const reloaded = await house.live.reload()
  if (reloaded.taken) {
    // the other replicas hear of it, and read theirs
    if (reloaded.changed)
      await record(desk, {
        action: 'updated',
        table: 'LiteLLM_Config',
        objectId: house.config.files[0] ?? 'environment',
      })
    return Response.json({
      message: 'Config reloaded successfully',
      needs_restart: reloaded.needsRestart,
      warnings: reloaded.warnings,
    })
  }
  const message = `The configuration cannot be served, the one before goes on: ${reloaded.complaints.join('; ')}`
  return Response.json(
    { error: { message, type: 'invalid_config', param: null, code: '400' }, complaints: reloaded.complaints },
    { status: 400 },
  )
}

/** `GET /config/effective`: every value, where it comes from, and what it shadows. */
export async function effectiveConfig({ house }: Pick<Desk<undefined, undefined>, 'house'>): Promise<JsonObject> {
  const { config, live } = house
  return {
    settings: [...config.origins.map((one) => originView(one, house)), ...(await apiModels(house))],
    loaded_at: iso(live.since),
    files: config.files,
    needs_restart: live.needsRestart,
    refused: live.refused ?? null,
    warnings: config.warnings,
  }
}

function originView({ path, shadows, ...holds }: Origin, house: House): JsonObject {
  return {
    path,
    ...sourcedView(path, holds, house),
    shadows: shadows.map((one) => sourcedView(path, one, house)),
  }
}

function sourcedView(path: string, { value, source }: Sourced, house: House): JsonObject {
  return { value: shown(path, value, house), source: sourceView(source) }
}

/** Settings that are named after keys and tokens and hold none; their members are judged by their own names. */
const plainSetting = /_(?:settings|type|routes|params|mappings|config|ttl|period|header_name|fields|strategy)$/

/** Masked by the name of the setting, and within it by the names of its members. */
function shown(path: string, value: Json, { sealing }: House): Json {
  if (path.startsWith('environment_variables.') || path === 'salt_key') return mask
  if (path.startsWith('credential_list.')) return credentialView(value as JsonObject)
  const last = path.slice(path.lastIndexOf('.') + 1)
  const name = plainSetting.test(last) ? 'value' : last
  return masked({ [name]: value }, sealing)[name] ?? null
}

function credentialView(value: JsonObject): JsonObject {
  const names = Object.keys(value.credential_values ?? {})
  return {
    credential_name: value.credential_name ?? null,
    credential_values: Object.fromEntries(names.map((name) => [name, mask])),
  }
}

function sourceView(source: Source): JsonObject {
  return { ...source }
}

/** Models of the store beside those of the configuration: neither overwrites the other, and one with the id of a declared one is not served. */
async function apiModels(house: House): Promise<readonly JsonObject[]> {
  const { models, config, store, sealing } = house
  const declared = new Set(models.declared.map((entry) => readEntry(entry, config.environment).deployment.id))
  const broken = new Map(models.broken().map(({ id, why }) => [id, why]))
  const views: JsonObject[] = []
  for await (const { id, name, entry } of everyRow(store.models))
    views.push({
      path: `api_models.${id}`,
      value: { ...masked(entry, sealing), model_name: name },
      source: { kind: 'api', id },
      served: !broken.has(id),
      ...(broken.has(id) && { why: broken.get(id) ?? null }),
      ...(declared.has(id) && { shadowed_by: 'model_list' }),
      shadows: [],
    })
  return views
}
