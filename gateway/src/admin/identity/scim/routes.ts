import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Route, RouteCall } from '../../../pipeline/route.ts'
import { answer, answered, listAnswer, noResource } from './answers.ts'
import type { DeskOf, ScimDesk } from './desk.ts'
import { providerConfig, resourceTypes, schemas } from './documents.ts'
import { groups } from './groups.ts'
import { users } from './users.ts'

type Handle = (call: RouteCall, desk: ScimDesk) => Promise<Response> | Response

/** SCIM 2.0: an identity provider keeps users and teams (https://www.rfc-editor.org/rfc/rfc7644). */
export function createScimRoutes(deskOf: DeskOf): readonly Route[] {
  function row(id: string, at: `${Route['method']} ${string}`, of: { summary: string; handle: Handle }): Route {
    const [method, path = ''] = at.split(' ') as [Route['method'], string]
    return {
      kind: 'route',
      id: `scim.${id}`,
      method,
      paths: [`/scim/v2${path}`],
      policy: 'admin',
      groups: ['management_routes', 'scim_routes'],
      errors: 'openai-chat',
      summary: of.summary,
      handle: (call, house) => answered(() => of.handle(call, deskOf(call, house))),
    }
  }

  function resource(plural: 'Users' | 'Groups', one: string, acts: typeof users | typeof groups): readonly Route[] {
    const id = plural.toLowerCase()
    return [
      row(`${id}.list`, `GET /${plural}`, { summary: `Lists ${one}s by a filter.`, handle: acts.list }),
      row(`${id}.create`, `POST /${plural}`, { summary: `Makes a ${one}.`, handle: acts.create }),
      row(`${id}.read`, `GET /${plural}/:id`, { summary: `Shows a ${one}.`, handle: acts.read }),
      row(`${id}.replace`, `PUT /${plural}/:id`, { summary: `Replaces a ${one}.`, handle: acts.replace }),
      row(`${id}.patch`, `PATCH /${plural}/:id`, { summary: `Changes parts of a ${one}.`, handle: acts.patch }),
      row(`${id}.remove`, `DELETE /${plural}/:id`, { summary: `Removes a ${one} with its keys.`, handle: acts.remove }),
    ]
  }

  return [
    row('root', 'GET ', { summary: 'Lists what can be provisioned.', handle: () => listAnswer(resourceTypes) }),
    row('config', 'GET /ServiceProviderConfig', {
      summary: 'Says what is supported.',
      handle: () => answer(providerConfig),
    }),
    row('types', 'GET /ResourceTypes', {
      summary: 'Lists what can be provisioned.',
      handle: () => listAnswer(resourceTypes),
    }),
    row('type', 'GET /ResourceTypes/:id', { summary: 'Shows a kind of resource.', handle: oneOf(resourceTypes) }),
    row('schemas', 'GET /Schemas', { summary: 'Lists the schemas.', handle: () => listAnswer(schemas) }),
    // the id of a schema has colons, which a single segment of a path has not
    row('schema', 'GET /Schemas/:id+', { summary: 'Shows a schema.', handle: oneOf(schemas) }),
    ...resource('Users', 'user', users),
    ...resource('Groups', 'team', groups),
  ]
}

function oneOf(documents: readonly JsonObject[]): Handle {
  return ({ params }) => {
    const found = documents.find(({ id }) => id === params.id)
    if (!found) throw noResource(documents === schemas ? 'Schema' : 'ResourceType')
    return answer(found)
  }
}
