import { type GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { asString, type JsonObject } from 'turnpike-core/internal/kernel/json'
import type { z } from 'zod'
import type { House } from '../../house.ts'
import { assemble } from '../../registry/assemble.ts'
import { masked } from '../../registry/secrets.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { StoredModel } from '../../store/store.ts'
import { type Change, edited, fresh, record, type Who } from '../desk.ts'
import { id as idShape, invalid } from '../shapes.ts'
import { credentialValues } from './credentials.ts'
import {
  changesOf,
  infoFields,
  type modelChangeBody,
  type newModelBody,
  patched,
  takenIn,
  withoutInert,
} from './model-fields.ts'
import { modelView, partsOf } from './model-view.ts'

/** Adds a model; it can be called when this resolves. */
export async function addModel(who: Who, body: z.infer<typeof newModelBody>): Promise<JsonObject> {
  const { house } = who
  const given = body.model_info ?? {}
  const id = given.id === undefined || given.id === null ? crypto.randomUUID() : ownId(given.id)
  if (house.router.pool.deployments.some((one) => one.id === id)) throw idTaken(id)
  const { id: _, ...info } = infoFields(given)
  const draft: StoredModel = {
    id,
    name: body.model_name,
    blocked: body.blocked === true || given.blocked === true,
    entry: {
      litellm_params: takenIn(patched({}, body.litellm_params), 'litellm_params', house.sealing),
      model_info: takenIn(patched({}, info), 'model_info', house.sealing),
    },
  }
  const stored = fresh(who, tried(draft, house, await credentialsOf(draft, house)))
  if ((await house.store.models.insert(stored)).taken !== undefined) throw idTaken(id)
  const view = modelView(stored, house.sealing)
  await tell(who, 'created', id, { after: view })
  return view
}

function ownId(value: unknown): string {
  const read = idShape.safeParse(value)
  if (!read.success) throw invalid('model_info.id', 'model_info.id must be a text of 1 to 256 characters.')
  return read.data
}

function idTaken(id: string): GatewayError {
  return invalid('model_info.id', `There is a model with the id ${id} already: send another, or none to have one made.`)
}

type Lookup = (name: string) => JsonObject | undefined

/** The credential that a model refers to, at hand. */
async function credentialsOf(model: StoredModel, house: House): Promise<Lookup> {
  const name = asString(partsOf(model).params.litellm_credential_name)
  const values = name === undefined ? undefined : await credentialValues(name, house)
  return (asked) => (asked === name ? values : undefined)
}

/** The model as it is to be stored, after what it amounts to was tried. Throws 400 when it cannot work. */
function tried(model: StoredModel, { sealing, config }: House, credential: Lookup): StoredModel {
  try {
    const { environment, entryDefaults: defaults } = config
    const { inert } = assemble(model, { sealing, environment, defaults, credential })
    const { params, info } = partsOf(model)
    return { ...model, entry: { litellm_params: withoutInert(params, inert), model_info: info } }
  } catch (thrown) {
    if (!isGatewayError(thrown) || thrown.code === 'invalid-request') throw thrown
    throw invalid('litellm_params', thrown.message)
  }
}

/** Changes a model that was added over the API; the next request sees it. */
export async function changeModel(who: Who, id: string, body: z.infer<typeof modelChangeBody>): Promise<JsonObject> {
  const { house } = who
  const found = await house.store.models.find(id)
  if (!found) throw notStored(id, house)
  const given = body.model_info ?? {}
  if (given.id !== undefined && given.id !== null && given.id !== id)
    throw invalid('model_info.id', 'The id of a model cannot be changed.')
  const draft = (model: StoredModel) => patchedModel(model, body, house)
  const credential = await credentialsOf(draft(found.value), house)
  return edit(who, id, 'updated', (model) => tried(draft(model), house, credential))
}

function patchedModel(model: StoredModel, body: z.infer<typeof modelChangeBody>, { sealing }: House): StoredModel {
  const { params, info } = partsOf(model)
  const { id: _, ...given } = infoFields(body.model_info ?? {})
  const blocked = body.blocked ?? body.model_info?.blocked
  const newParams = changesOf(body.litellm_params ?? {}, masked(params, sealing))
  const newInfo = changesOf(given, masked(info, sealing))
  return {
    ...model,
    ...(typeof body.model_name === 'string' && { name: body.model_name }),
    ...(typeof blocked === 'boolean' && { blocked }),
    entry: {
      litellm_params: patched(params, takenIn(newParams, 'litellm_params', sealing)),
      model_info: patched(info, takenIn(newInfo, 'model_info', sealing)),
    },
  }
}

/** Takes a model out of service, or puts it back. */
export function blockModel(who: Who, id: string, blocked: boolean): Promise<JsonObject> {
  return edit(who, id, blocked ? 'blocked' : 'unblocked', (model) => ({ ...model, blocked }))
}

async function edit(
  who: Who,
  id: string,
  action: Change['action'],
  change: (model: StoredModel) => StoredModel,
): Promise<JsonObject> {
  const { house } = who
  let before: Stored<StoredModel> | undefined
  const after = await house.store.models.change(id, (stored) => {
    before = stored
    return edited(who, stored, change(stored.value))
  })
  if (!after || !before) throw notStored(id, house)
  if ('taken' in after) throw idTaken(id)
  const view = modelView(after, house.sealing)
  await tell(who, action, id, { before: modelView(before, house.sealing), after: view })
  return view
}

export async function deleteModel(who: Who, id: string): Promise<JsonObject> {
  const { house } = who
  const [gone] = await house.store.models.remove([id])
  if (!gone) throw notStored(id, house)
  await tell(who, 'deleted', id, { before: modelView(gone, house.sealing) })
  return { message: `Model: ${id} deleted successfully` }
}

/** A model that cannot be changed here: of the file, or of nobody. */
function notStored(id: string, house: House): GatewayError {
  const ofFile = house.router.pool.deployments.some((one) => one.id === id)
  return invalid(
    'id',
    ofFile
      ? `The model ${id} lives in the configuration file: change it there.`
      : `Model with id=${id} not found in db: there is none that was added over the API.`,
  )
}

function tell(
  who: Who,
  action: Change['action'],
  objectId: string,
  views: Pick<Change, 'before' | 'after'>,
): Promise<void> {
  return record(who, { action, table: 'LiteLLM_ProxyModelTable', objectId, ...views })
}
