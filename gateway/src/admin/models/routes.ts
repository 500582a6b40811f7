import { z } from 'zod'
import type { Route } from '../../pipeline/route.ts'
import { row } from '../row.ts'
import { id, invalid, page, pageSize } from '../shapes.ts'
import {
  addCredential,
  changeCredential,
  credentialChangeBody,
  credentialOfModel,
  deleteCredential,
  listCredentials,
  newCredentialBody,
  showCredential,
} from './credentials.ts'
import { modelChangeBody, newModelBody } from './model-fields.ts'
import { addModel, blockModel, changeModel, deleteModel } from './models.ts'

const admin = { policy: 'admin', groups: ['management_routes'] } as const
const reading = { policy: 'read-all', groups: ['management_routes'], detail: true } as const
const credentials = { policy: 'admin', groups: ['management_routes'], detail: true } as const

const idBody = z.object({ id })
const modelIdBody = z.object({ model_id: id })
const pageQuery = z.object({ page, size: pageSize })

/** Models and credentials that live in the store. */
export const storedModelRoutes: readonly Route[] = [
  row({
    id: 'model.new',
    at: 'POST /model/new',
    ...admin,
    summary: 'Adds a model; it can be called at once.',
    body: newModelBody,
    handle: (desk) => addModel(desk, desk.body),
  }),
  row({
    id: 'model.update',
    at: 'POST /model/update',
    ...admin,
    summary: 'Changes the model that model_info.id names; what is not sent stays.',
    body: modelChangeBody,
    handle(desk) {
      const wanted = desk.body.model_info?.id
      if (typeof wanted !== 'string') throw invalid('model_info.id', 'model_info.id must name the model to change.')
      return changeModel(desk, wanted, desk.body)
    },
  }),
  row({
    id: 'model.patch',
    at: 'PATCH /model/:model_id+/update',
    ...admin,
    summary: 'Changes a model; what is not sent stays.',
    body: modelChangeBody,
    handle: (desk) => changeModel(desk, desk.params.model_id ?? '', desk.body),
  }),
  row({
    id: 'model.delete',
    at: 'POST /model/delete',
    ...admin,
    summary: 'Deletes a model that was added over the API.',
    body: idBody,
    handle: (desk) => deleteModel(desk, desk.body.id),
  }),
  ...([true, false] as const).map((blocked) =>
    row({
      id: blocked ? 'model.block' : 'model.unblock',
      at: blocked ? 'POST /model/block' : 'POST /model/unblock',
      ...admin,
      summary: blocked ? 'Takes a model out of service and keeps it.' : 'Puts a blocked model back into service.',
      body: modelIdBody,
      handle: (desk) => blockModel(desk, desk.body.model_id, blocked),
    }),
  ),
  row({
    id: 'credential.new',
    at: 'POST /credentials',
    ...credentials,
    summary: 'Keeps parameters under a name, sealed, for models to refer to with litellm_credential_name.',
    body: newCredentialBody,
    handle: (desk) => addCredential(desk, desk.body),
  }),
  row({
    id: 'credential.list',
    at: 'GET /credentials',
    ...reading,
    summary: 'Lists the credentials, values masked.',
    query: pageQuery,
    handle: (desk) => {
      const limit = desk.query.size ?? 500
      return listCredentials(desk, { limit, offset: ((desk.query.page ?? 1) - 1) * limit })
    },
  }),
  row({
    id: 'credential.by-name',
    at: 'GET /credentials/by_name/:credential_name+',
    ...reading,
    summary: 'Shows a credential, values masked.',
    handle: ({ params, house }) => showCredential(params.credential_name ?? '', house),
  }),
  row({
    id: 'credential.by-model',
    at: 'GET /credentials/by_model/:model_id',
    ...reading,
    summary: "Shows what a model's own parameters hold of a credential, masked.",
    handle: ({ params, house }) => credentialOfModel(params.model_id ?? '', house),
  }),
  row({
    id: 'credential.update',
    at: 'PATCH /credentials/:credential_name+',
    ...credentials,
    summary: 'Changes a credential; the models that refer to it follow at once.',
    body: credentialChangeBody,
    handle: (desk) => changeCredential(desk, desk.params.credential_name ?? '', desk.body),
  }),
  row({
    id: 'credential.delete',
    at: 'DELETE /credentials/:credential_name+',
    ...credentials,
    summary: 'Deletes a credential.',
    handle: (desk) => deleteCredential(desk, desk.params.credential_name ?? ''),
  }),
]
