import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { groupSchema, userSchema } from './answers.ts'
import { mostResults } from './paging.ts'

const core = 'urn:ietf:params:scim:schemas:core:2.0'

/** What is supported (https://www.rfc-editor.org/rfc/rfc7643#section-5). */
export const providerConfig: JsonObject = {
  schemas: [`${core}:ServiceProviderConfig`],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: mostResults },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'Bearer token',
      description: 'A key of the gateway with an administrator’s rights, as Authorization: Bearer.',
      primary: true,
    },
  ],
  meta: { resourceType: 'ServiceProviderConfig', location: '/scim/v2/ServiceProviderConfig' },
}

function resourceType(name: 'User' | 'Group', schema: string, description: string): JsonObject {
  return {
    schemas: [`${core}:ResourceType`],
    id: name,
    name,
    endpoint: `/${name}s`,
    description,
    schema,
    schemaExtensions: [],
    meta: { resourceType: 'ResourceType', location: `/scim/v2/ResourceTypes/${name}` },
  }
}

export const resourceTypes: readonly JsonObject[] = [
  resourceType('User', userSchema, 'A person who uses the gateway.'),
  resourceType('Group', groupSchema, 'A team with models, budget and limits of its own.'),
]

function attributeOf(name: string, of: JsonObject = {}): JsonObject {
  return {
    name,
    type: 'string',
    multiValued: false,
    required: false,
    caseExact: false,
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    ...of,
  }
}

function schemaOf(id: string, name: string, attributes: readonly JsonObject[]): JsonObject {
  return {
    schemas: [`${core}:Schema`],
    id,
    name,
    description: name,
    attributes,
    meta: { resourceType: 'Schema', location: `/scim/v2/Schemas/${id}` },
  }
}

const many = { type: 'complex', multiValued: true }
const readOnly = { mutability: 'readOnly' }

/** The attributes that act here; others are taken and not kept. */
export const schemas: readonly JsonObject[] = [
  schemaOf(userSchema, 'User', [
    attributeOf('userName', { required: true, uniqueness: 'server' }),
    attributeOf('externalId', { caseExact: true }),
    attributeOf('displayName'),
    attributeOf('name', {
      type: 'complex',
      subAttributes: ['formatted', 'familyName', 'givenName'].map((name) => attributeOf(name)),
    }),
    attributeOf('active', { type: 'boolean' }),
    attributeOf('emails', {
      ...many,
      subAttributes: [attributeOf('value'), attributeOf('type'), attributeOf('primary', { type: 'boolean' })],
    }),
    attributeOf('groups', {
      ...many,
      ...readOnly,
      subAttributes: ['value', 'display', 'type'].map((name) => attributeOf(name, readOnly)),
    }),
  ]),
  schemaOf(groupSchema, 'Group', [
    attributeOf('displayName', { required: true }),
    attributeOf('externalId', { caseExact: true }),
    attributeOf('members', {
      ...many,
      subAttributes: ['value', 'type'].map((name) => attributeOf(name, { mutability: 'immutable' })),
    }),
  ]),
]
