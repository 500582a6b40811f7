import { describe, expect, test } from 'bun:test'
import { isObject, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import type { Endpoint, Route, RouteCall } from '../../pipeline/route.ts'
import { surfaces } from '../surfaces.ts'
import { openApiOf } from './openapi.ts'
import { pageOf, typeWords } from './page.ts'
import { tagOf, templateOf } from './paths.ts'
import { openApiRoutes } from './routes.ts'

const shape = (schema: z.ZodObject) => ({ jsonSchema: () => z.toJSONSchema(schema, { io: 'input' }) as JsonObject })

function route(id: string, at: string, rest: Partial<Route> = {}): Route {
  const [method, ...paths] = at.split(' ')
  return {
    kind: 'route',
    id,
    method: method as Route['method'],
    paths,
    policy: 'admin',
    groups: ['management_routes'],
    errors: 'openai-chat',
    handle: () => new Response(),
    ...rest,
  }
}

const table: readonly Endpoint[] = [
  ...surfaces,
  route('team.new', 'POST /team/new', {
    summary: 'Makes <a> team.',
    body: shape(
      z.object({ team_id: z.string(), models: z.array(z.string()).optional(), max_budget: z.number().nullish() }),
    ),
  }),
  route('team.patch', 'PATCH /team/:team_id'),
  route('team.get', 'GET /team/:id /v2/team/:id', {
    policy: 'public',
    querySchema: shape(z.object({ limit: z.string(), sort: z.enum(['asc', 'desc']).optional() })),
  }),
  route('file', 'GET /file/:name+'),
]
const document = openApiOf(table)
const at = (...names: string[]) =>
  names.reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), document) as JsonObject

describe('the document', () => {
  test('has every method of every path of the table, and nothing else', () => {
    const told = Object.entries(at('paths')).flatMap(([path, item]) =>
      Object.keys(item as JsonObject).map((method) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`),
    )
    const meant = table.flatMap(({ method, paths }) =>
      paths.map((path) => `${method.toLowerCase()} ${templateOf(path).path.replace(/\{\w+\}/g, '{}')}`),
    )
    expect(told.sort()).toEqual([...new Set(meant)].sort())
  })

  test('names each operation once, and each path parameter that its path has', () => {
    const operations = Object.entries(at('paths')).flatMap(([path, item]) =>
      Object.values(item as JsonObject).map((operation) => ({ path, ...(operation as JsonObject) })),
    ) as { path: string; operationId: string; parameters: JsonObject[] }[]
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { path, parameters } of operations)
      expect(parameters.filter((one) => one.in === 'path').map(({ name }) => `{${name}}`)).toEqual(
        path.match(/\{\w+\}/g) ?? [],
      )
  })

  test('rows of one path share the names of its parameters', () => {
    expect(Object.keys(at('paths', '/team/{team_id}')).sort()).toEqual(['get', 'patch'])
    expect(at('paths', '/v2/team/{id}', 'get').operationId).toBe('team.get.alias-1')
  })

  test('shows bodies, queries, rights and errors', () => {
    const made = at('paths', '/team/new', 'post')
    expect(made).toMatchObject({
      summary: 'Makes <a> team.',
      tags: ['team'],
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: { required: ['team_id'], properties: { team_id: { type: 'string' } } } },
        },
      },
      responses: { default: { $ref: '#/components/responses/Error' } },
      'x-turnpike-policy': 'admin',
    })
    expect(JSON.stringify(made)).not.toContain('$schema')
    expect(made.security).toContainEqual({ bearer: [] })
    const read = at('paths', '/team/{team_id}', 'get')
    expect(read.security).toEqual([])
    expect(read.parameters).toContainEqual({ name: 'limit', in: 'query', required: true, schema: { type: 'string' } })
    expect(at('paths', '/v1/messages', 'post').responses).toMatchObject({
      default: { $ref: '#/components/responses/AnthropicError' },
    })
  })

  test('refers to nothing that is not there', () => {
    const references = JSON.stringify(document).match(/#\/[\w/.-]+/g) ?? []
    expect(references.length).toBeGreaterThan(0)
    for (const one of new Set(references)) expect(at(...one.slice(2).split('/')), one).toBeDefined()
    for (const name of Object.keys(at('components', 'securitySchemes')))
      expect(JSON.stringify(document.paths)).toContain(`"${name}"`)
  })
})

test('a colon before a verb is no parameter', () => {
  expect(templateOf('/v1beta/models/:model+:generateContent')).toEqual({
    path: '/v1beta/models/{model}:generateContent',
    parameters: [{ name: 'model', slashes: true }],
  })
  expect(tagOf({ paths: ['/v1beta/models/:model+:generateContent'] })).toBe('models')
})

describe('the page', () => {
  test('shows every row with who may call it, and lets no text be markup', () => {
    const page = pageOf(table)
    for (const { paths } of table) expect(page).toContain(templateOf(paths[0]!).path)
    expect(page).toContain('Makes &lt;a&gt; team.')
    expect(page).toContain('administrators')
    expect(page).not.toMatch(/<script|https?:\/\//)
  })

  test('says types in words', () => {
    expect(typeWords({ anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }] })).toBe(
      'list of string',
    )
    expect(typeWords({ enum: ['asc', 'desc'] })).toBe('asc, desc')
    expect(typeWords({})).toBe('anything')
  })
})

describe('the routes', () => {
  const [description, root] = openApiRoutes(() => table) as [Route, Route]
  const ask = async (row: Route, accept?: string) =>
    row.handle(
      { request: new Request('http://gateway/', { headers: accept === undefined ? {} : { accept } }) } as RouteCall,
      {} as never,
    )

  test('need no key', () => {
    expect([description.policy, root.policy]).toEqual(['public', 'public'])
  })

  test('give the document as JSON', async () => {
    const response = await ask(description)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(((await response.json()) as JsonObject).openapi).toBe('3.1.0')
  })

  test('give browsers a page that can load and run nothing, and others a greeting', async () => {
    const page = await ask(root, 'text/html,application/xhtml+xml')
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await (await ask(root, '*/*')).json()).toMatchObject({ name: 'turnpike', openapi: '/openapi.json' })
  })
})
