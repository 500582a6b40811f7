import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import type { Credential } from '../../config/models/credentials.ts'
import type { House } from '../../house.ts'
import { isSecretValue, masked } from '../../registry/secrets.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { StoredCredential } from '../../store/store.ts'
import { type Change, edited, fresh, notFound, record, type Who } from '../desk.ts'
import { anyObject, id, invalid } from '../shapes.ts'
import { changesOf, patched, takenIn } from './model-fields.ts'
import { credentialView, partsOf } from './model-view.ts'

/** LiteLLM's `CreateCredentialItem`: the values themselves, or the model whose parameters they are to be. */
export const newCredentialBody = z.object({
  credential_name: id,
  credential_values: anyObject.nullish(),
  credential_info: anyObject.nullish(),
  model_id: id.nullish(),
})

/** LiteLLM's `CredentialItem`, where everything may be left out. */
export const credentialChangeBody = z.object({
  credential_name: id.nullish(),
  credential_values: anyObject.nullish(),
  credential_info: anyObject.nullish(),
})

function declared(name: string, house: House): Credential | undefined {
  return house.config.credentials.find((one) => one.name === name)
}

/** The values under a name, sealed where they are stored; the configuration's own win. */
export async function credentialValues(name: string, house: House): Promise<JsonObject | undefined> {
  return declared(name, house)?.values ?? (await house.store.credentials.find(name))?.value.values
}

/** Keeps a credential, values sealed. */
export async function addCredential(who: Who, body: z.infer<typeof newCredentialBody>): Promise<JsonObject> {
  const { house } = who
  const name = body.credential_name
  if (declared(name, house)) throw ofFile(name)
  const stored = fresh<StoredCredential>(who, {
    id: name,
    values: await valuesOf(body, house),
    about: takenIn(body.credential_info ?? {}, 'credential_info', house.sealing),
  })
  if ((await house.store.credentials.insert(stored)).taken !== undefined)
    throw new GatewayError('invalid-request', `There is a credential \`${name}\` already: change it with PATCH.`, {
      param: 'credential_name',
      status: 409,
      kind: 'bad_request_error',
    })
  await tell(who, 'created', name, { after: credentialView(stored.value, house.sealing) })
  return { success: true, message: 'Credential created successfully' }
}

/** Which parameters of a model make up a credential when it is made from one. */
const credentialParams = ['api_key', 'api_base', 'base_url', 'api_version', 'organization', 'extra_headers', 'headers']

async function valuesOf(body: z.infer<typeof newCredentialBody>, house: House): Promise<JsonObject> {
  const { credential_values: values, model_id: modelId } = body
  if (values) return takenIn(patched({}, values), 'credential_values', house.sealing, isSecretValue)
  if (modelId === undefined || modelId === null)
    throw invalid('credential_values', 'Give credential_values, or the model_id of a model to take them from.')
  const model = await house.store.models.find(modelId)
  if (!model) throw notFound(`Model with id=${modelId} not found in db.`, 'model_id')
  const found = Object.entries(partsOf(model.value).params).filter(([name]) => credentialParams.includes(name))
  return Object.fromEntries(found)
}

/** Every credential by name, those of the configuration among them. Values are never shown. */
export async function listCredentials({ house }: Pick<Who, 'house'>, page: { limit: number; offset: number }) {
  const rows = await house.store.credentials.list(page)
  const ofConfig = page.offset === 0 ? house.config.credentials.map((one) => declaredView(one, house)) : []
  const stored = rows.filter(({ value }) => !declared(value.id, house))
  return {
    success: true,
    credentials: [...ofConfig, ...stored.map(({ value }) => credentialView(value, house.sealing))],
  }
}

function declaredView({ name, values, about }: Credential, { sealing }: House): JsonObject {
  return credentialView({ id: name, values, about }, sealing)
}

export async function showCredential(name: string, house: House): Promise<JsonObject> {
  const own = declared(name, house)
  if (own) return declaredView(own, house)
  const stored = await house.store.credentials.find(name)
  if (!stored) throw noCredential(name)
  return credentialView(stored.value, house.sealing)
}

/** What a model's own parameters hold of a credential, masked, under the name that it refers to. */
export async function credentialOfModel(modelId: string, house: House): Promise<JsonObject> {
  const model = await house.store.models.find(modelId)
  if (!model) throw notFound(`Model with id=${modelId} not found in db.`, 'model_id')
  const { params } = partsOf(model.value)
  const values = Object.fromEntries(Object.entries(params).filter(([name]) => credentialParams.includes(name)))
  return {
    credential_name: params.litellm_credential_name ?? `${model.value.name}-credential-${modelId}`,
    credential_values: masked(values, house.sealing),
    credential_info: {},
  }
}

/** Changes what is named; the models that refer to it follow at once. */
export async function changeCredential(
  who: Who,
  name: string,
  body: z.infer<typeof credentialChangeBody>,
): Promise<JsonObject> {
  const { house } = who
  if (declared(name, house)) throw ofFile(name)
  if (typeof body.credential_name === 'string' && body.credential_name !== name)
    throw invalid('credential_name', 'The name of a credential cannot be changed: models refer to it.')
  let before: Stored<StoredCredential> | undefined
  const after = await house.store.credentials.change(name, (stored) => {
    before = stored
    return edited(who, stored, patchedCredential(stored.value, body, house))
  })
  if (!after || 'taken' in after || !before) throw noCredential(name)
  const [from, to] = [before.value, after.value].map((one) => credentialView(one, house.sealing))
  await tell(who, 'updated', name, { before: from, after: to })
  return { success: true, message: 'Credential updated successfully' }
}

function patchedCredential(
  { id: name, values, about }: StoredCredential,
  body: z.infer<typeof credentialChangeBody>,
  { sealing }: House,
): StoredCredential {
  const shown = credentialView({ id: name, values, about }, sealing)
  const given = changesOf(body.credential_values ?? {}, shown.credential_values as JsonObject)
  return {
    id: name,
    values: patched(values, takenIn(given, 'credential_values', sealing, isSecretValue)),
    about: patched(about, takenIn(body.credential_info ?? {}, 'credential_info', sealing)),
  }
}

/** Forgets a credential; models that refer to it are then shown as broken. */
export async function deleteCredential(who: Who, name: string): Promise<JsonObject> {
  const { house } = who
  if (declared(name, house)) throw ofFile(name)
  const [gone] = await house.store.credentials.remove([name])
  if (!gone) throw noCredential(name)
  await tell(who, 'deleted', name, { before: credentialView(gone.value, house.sealing) })
  return { success: true, message: 'Credential deleted successfully' }
}

function noCredential(name: string): GatewayError {
  return notFound(`Credential not found. Got credential name: ${name}`, 'credential_name')
}

function ofFile(name: string): GatewayError {
  return invalid('credential_name', `The credential \`${name}\` lives in the configuration file: change it there.`)
}

function tell(
  who: Who,
  action: Change['action'],
  objectId: string,
  views: Pick<Change, 'before' | 'after'>,
): Promise<void> {
  return record(who, { action, table: 'LiteLLM_CredentialsTable', objectId, ...views })
}
