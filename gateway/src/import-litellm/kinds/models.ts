import { asString, isObject, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { readEntry } from 'turnpike-core/internal/router/model-list/entry'
import { isSecretValue, sealed } from '../../registry/secrets.ts'
import type { StoredCredential, StoredModel } from '../../store/store.ts'
import { bring, type Thing } from '../bring.ts'
import { flag, object, saysNothing, stored, text } from '../columns.ts'
import { openObject } from '../decrypt.ts'
import type { Move } from '../move.ts'
import type { SourceRow } from '../source.ts'

/** Models that were added over LiteLLM's API; their secrets are opened with its salt key and sealed with ours. */
export async function importModels(move: Move): Promise<void> {
  const tally = move.tally('models')
  const goal = { kind: 'models', rows: move.store.models, id: ({ id }: StoredModel) => id }
  for await (const rows of move.source.pages({ table: 'LiteLLM_ProxyModelTable', key: ['model_id'] })) {
    tally.add({ found: rows.length })
    await bring(
      move,
      goal,
      rows.flatMap((row) => modelOf(row, move) ?? []),
    )
  }
}

function modelOf({ row }: SourceRow, move: Move): Thing<StoredModel> | undefined {
  const tally = move.tally('models')
  const [id, name] = [String(row.model_id), String(row.model_name)]
  const { id: _, ...info } = object(row, 'model_info')
  // added for everybody, it would be open to those whom it was kept from
  if (!saysNothing(info.team_id)) return void tally.skip('it belongs to one team, which models here do not', name)
  const params = openObject(object(row, 'litellm_params'), move.open)
  if (params.closed.length > 0) return void tally.skip(closedReason(params.closed), name)
  const model = asString(params.value.model)
  if (model === undefined) return void tally.skip('it has no litellm_params.model', name)
  for (const inert of inertIn({ ...params.value, model }, name)) tally.left(`litellm_params.${inert}`, name)
  const value: StoredModel = {
    id,
    name,
    blocked: flag(row, 'blocked') || info.blocked === true,
    entry: { litellm_params: sealed(params.value, move.sealing), model_info: sealed(toldApart(info), move.sealing) },
  }
  return { stored: stored(value, row, move.now) }
}

/** Members of `model_info` that the gateway says itself. */
function toldApart(info: JsonObject): JsonObject {
  const told = new Set(['db_model', 'blocked', 'created_at', 'created_by', 'updated_at', 'updated_by', 'team_id'])
  return Object.fromEntries(Object.entries(info).filter(([name, value]) => !told.has(name) && value !== null))
}

/** Parameters that have no effect; whether the model works is seen where it is loaded, with this gateway's environment. */
function inertIn(params: JsonObject & { readonly model: string }, name: string): readonly string[] {
  try {
    const { inert } = readEntry({ model_name: name, litellm_params: params }, {})
    return inert.filter((one) => !saysNothing(params[one]))
  } catch {
    return []
  }
}

function closedReason(closed: readonly string[]): string {
  return `the salt key does not open ${closed.join(', ')}`
}

/** Credentials that models refer to by name. */
export async function importCredentials(move: Move): Promise<void> {
  const tally = move.tally('credentials')
  const goal = { kind: 'credentials', rows: move.store.credentials, id: ({ id }: StoredCredential) => id }
  for await (const rows of move.source.pages({ table: 'LiteLLM_CredentialsTable', key: ['credential_id'] })) {
    tally.add({ found: rows.length })
    await bring(
      move,
      goal,
      rows.flatMap((row) => credentialOf(row, move) ?? []),
    )
  }
}

function credentialOf({ row }: SourceRow, move: Move): Thing<StoredCredential> | undefined {
  const tally = move.tally('credentials')
  const id = text(row, 'credential_name')
  if (id === undefined) return void tally.skip('it has no name', String(row.credential_id))
  const values = openObject(object(row, 'credential_values'), move.open)
  if (values.closed.length > 0) return void tally.skip(closedReason(values.closed), id)
  const about = row.credential_info
  const value: StoredCredential = {
    id,
    values: sealed(values.value, move.sealing, isSecretValue),
    about: isObject(about) ? sealed(about, move.sealing) : {},
  }
  return { stored: stored(value, row, move.now) }
}
