import { isObject, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Endpoint, Shape } from '../../pipeline/route.ts'
import { version } from '../../version.ts'
import { components, errorOf, securityOf } from './components.ts'
import { policyWords, shapeOf, summaryOf, type Template, tagOf, templateOf } from './paths.ts'

/** The router table as a document of OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html). */
export function openApiOf(endpoints: readonly Endpoint[]): JsonObject {
  const templates = new Map<string, Template>()
  const paths: Record<string, Record<string, Json>> = {}
  for (const endpoint of endpoints)
    endpoint.paths.forEach((path, at) => {
      const own = templateOf(path)
      // the first names of a path's parameters stand for all rows of that path
      const template = templates.get(shapeOf(own)) ?? own
      templates.set(shapeOf(own), template)
      paths[template.path] = {
        ...paths[template.path],
        [endpoint.method.toLowerCase()]: operationOf(endpoint, template, at),
      }
    })
  return {
    openapi: '3.1.0',
    info: {
      title: 'Turnpike',
      version,
      description:
        'An AI gateway: model calls in the formats of their vendors, and the management of keys, tenants, models and spend.',
    },
    servers: [{ url: '/' }],
    tags: [...new Set(endpoints.map(tagOf))].sort().map((name) => ({ name })),
    paths,
    components,
  }
}

function operationOf(endpoint: Endpoint, template: Template, at: number): JsonObject {
  const [canonical = ''] = endpoint.paths
  return {
    operationId: at === 0 ? endpoint.id : `${endpoint.id}.alias-${at}`,
    tags: [tagOf(endpoint)],
    summary: summaryOf(endpoint),
    description: `For ${policyWords[endpoint.policy]}.${at === 0 ? '' : ` An alias of ${canonical}.`}`,
    parameters: [...pathParameters(template), ...queryParameters(endpoint)],
    ...bodyOf(endpoint),
    responses: { 200: answerOf(endpoint), default: { $ref: `#/components/responses/${errorOf(endpoint)}` } },
    security: securityOf(endpoint),
    'x-turnpike-policy': endpoint.policy,
    'x-turnpike-groups': endpoint.groups,
  }
}

function pathParameters({ parameters }: Template): readonly JsonObject[] {
  return parameters.map(({ name, slashes }) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
    ...(slashes && { description: 'May hold slashes.' }),
  }))
}

function queryParameters(endpoint: Endpoint): readonly JsonObject[] {
  const shape = endpoint.kind === 'route' ? endpoint.querySchema : undefined
  return fieldsOf(shape).map(({ name, schema, required }) => ({ name, in: 'query', required, schema }))
}

/** One member of a body or a query. */
export interface Field {
  readonly name: string
  readonly schema: JsonObject
  readonly required: boolean
}

export function fieldsOf(shape: Shape | undefined): readonly Field[] {
  if (!shape) return []
  const { properties, required } = shape.jsonSchema()
  if (!isObject(properties)) return []
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    schema: isObject(schema) ? schema : {},
    required: Array.isArray(required) && required.includes(name),
  }))
}

function bodyOf(endpoint: Endpoint): JsonObject {
  const schema = endpoint.kind === 'surface' ? modelCall : endpoint.body && bare(endpoint.body.jsonSchema())
  if (!schema) return {}
  const required = Array.isArray(schema.required) && schema.required.length > 0
  return {
    requestBody: { required: required || endpoint.kind === 'surface', content: { 'application/json': { schema } } },
  }
}

/** The vendors describe their bodies; they come through as they are sent. */
const modelCall: JsonObject = { type: 'object', additionalProperties: true }

/** The dialect is OpenAPI's own. */
function bare({ $schema: _, ...schema }: JsonObject): JsonObject {
  return schema
}

function answerOf(endpoint: Endpoint): JsonObject {
  const json = { 'application/json': { schema: {} } }
  if (endpoint.kind === 'route') return { description: 'What was asked for.', content: json }
  return {
    description: 'The answer, whole or as a stream.',
    content: { ...json, 'text/event-stream': { schema: { type: 'string' } } },
  }
}
