import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { isSecretValue, masked } from '../../registry/secrets.ts'
import type { Sealing } from '../../sealing/sealing.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { StoredCredential, StoredModel } from '../../store/store.ts'
import { iso } from '../terms.ts'

/** A model as the API shows it: LiteLLM's row, secrets masked. */
export function modelView({ value, ...row }: Stored<StoredModel>, sealing: Sealing): JsonObject {
  const { params, info } = partsOf(value)
  return {
    model_id: value.id,
    model_name: value.name,
    litellm_params: masked(params, sealing),
    model_info: { ...masked(info, sealing), id: value.id, db_model: true },
    blocked: value.blocked,
    created_at: iso(row.createdAt),
    created_by: row.createdBy,
    updated_at: iso(row.updatedAt),
    updated_by: row.updatedBy,
  }
}

/** What is kept of a stored model. */
export function partsOf({ entry }: StoredModel): { readonly params: JsonObject; readonly info: JsonObject } {
  return { params: (entry.litellm_params ?? {}) as JsonObject, info: (entry.model_info ?? {}) as JsonObject }
}

/** A credential as the API shows it. */
export function credentialView({ id, values, about }: StoredCredential, sealing: Sealing): JsonObject {
  return {
    credential_name: id,
    credential_values: masked(values, sealing, isSecretValue),
    credential_info: masked(about, sealing),
  }
}
