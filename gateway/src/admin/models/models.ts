import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { asString, type JsonObject } from 'turnpike-core/internal/kernel/json'
import type { z } from 'zod'
import type { House } from '../../house.ts'
import { assemble } from '../../registry/assemble.ts'
import { masked, sealed } from '../../registry/secrets.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { StoredModel } from '../../store/store.ts'
import { type Change, edited, fresh, record, type Who } from '../desk.ts'
import { id as idShape, invalid } from '../shapes.ts'
import { credentialValues } from './credentials.ts'
import {
  changesOf,
  headersAsTexts,
  infoFields,
  type modelChangeBody,
  type newModelBody,
  patched,
  refuseAlien,
  withoutInert,
} from './model-fields.ts'
import { modelView, partsOf } from './model-view.ts'

/** Adds a model; it can be called when this resolves. */
export async function addModel(who: Who, body: z.infer<typeof newModelBody>): Promise<JsonObject> {
  const { house } = who
  const given = body.model_info ?? {}
  const id = given.id === undefined || given.id === null ? crypto.randomUUID() : ownId(given.id)
  if (house.router.pool.deployments.some((one) => one.id === id)) throw idTaken(id)
  const { params, info } = await tried(house, {
    id,
    name: body.model_name,
    params: patched({}, body.litellm_params),
    info: patched({}, infoFields(given)),
  })
  const model: StoredModel = {
    id,
    name: body.model_name,
    blocked: body.blocked === true || given.blocked === true,
    entry: { litellm_params: params, model_info: info },
  }
  const stored = fresh(who, model)
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

interface Draft {
  readonly id: string
  readonly name: string
  readonly params: JsonObject
  readonly info: JsonObject
}

/** The parts with their secrets sealed, after the entry that they amount to was tried. Throws 400 when it cannot work. */
async function tried(house: House, draft: Draft): Promise<{ readonly params: JsonObject; readonly info: JsonObject }> {
  const { sealing, config } = house
  const params = headersAsTexts(draft.params)
  const { id: _, ...info } = draft.info
  refuseAlien(unsealed(params, sealing), 'litellm_params', sealing)
  refuseAlien(unsealed(info, sealing), 'model_info', sealing)
  const name = asString(params.litellm_credential_name)
  const credential = name === undefined ? undefined : await credentialValues(house, name)
  try {
    const { inert } = assemble(
      { id: draft.id, name: draft.name, blocked: false, entry: { litellm_params: params, model_info: info } },
      { sealing, environment: config.environment, defaults: config.entryDefaults, credential: () => credential },
    )
    return { params: resealed(withoutInert(params, inert), sealing), info: resealed(info, sealing) }
  } catch (thrown) {
    if (!isGatewayError(thrown) || thrown.code === 'invalid-request') throw thrown
    throw invalid(thrown.detail.param ?? 'litellm_params', thrown.message)
  }
}
