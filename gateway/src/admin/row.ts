import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import type { Policy } from '../access/rights.ts'
import type { House } from '../house.ts'
import type { Params, Route, RouteCall, Shape } from '../pipeline/route.ts'
import type { Principal } from '../vocabulary/principal.ts'
import { readShape } from './shapes.ts'

/** What a management call is answered from. */
export interface Desk<Body, Query> {
  readonly body: Body
  /** names of the members that the body has: what it does not name stays as it is */
  readonly named: ReadonlySet<string>
  readonly query: Query
  readonly params: Params
  readonly caller: Principal
  readonly call: RouteCall
  readonly house: House
}

type ReadOf<S> = S extends z.ZodType ? z.infer<S> : undefined

/** One row of the management API, as it is written down. */
export interface RowSpec<Body extends z.ZodObject | undefined, Query extends z.ZodObject | undefined> {
  /** stable name: `team.new` */
  readonly id: string
  /** method and path: `POST /team/new` */
  readonly at: `${Route['method']} /${string}`
  readonly aliases?: readonly string[]
  readonly policy: Policy
  /** LiteLLM's route groups */
  readonly groups: readonly string[]
  /** one sentence */
  readonly summary: string
  readonly body?: Body
  readonly query?: Query
  /** whether LiteLLM answers its errors under `detail` */
  readonly detail?: boolean
  /** JSON is answered with 200; anything else as the response that it is. A money field is in dollars, a time in ISO 8601. */
  readonly handle: (desk: Desk<ReadOf<Body>, ReadOf<Query>>) => Promise<Json | Response> | Json | Response
}

/** A row of the management API as a row of the router table: bodies and queries are read by their shapes. */
export function row<
  Body extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
>(spec: RowSpec<Body, Query>): Route {
  const [method, path = ''] = spec.at.split(' ') as [Route['method'], string]
  return {
    kind: 'route',
    id: spec.id,
    method,
    paths: [path, ...(spec.aliases ?? [])],
    policy: spec.policy,
    groups: spec.groups,
    errors: 'openai-chat',
    detail: spec.detail,
    summary: spec.summary,
    ...(spec.body && { body: shapeOf(spec.body) }),
    ...(spec.query && { querySchema: shapeOf(spec.query) }),
    async handle(call, house) {
      const { value: body, named } = readShape(spec.body, bodyOf(call))
      const { value: query } = readShape(spec.query, () => queryOf(call.query, spec.query), false)
      const desk = { body, named, query, params: call.params, caller: call.principal, call, house }
      const answer = await spec.handle(desk as Desk<ReadOf<Body>, ReadOf<Query>>)
      return answer instanceof Response ? answer : Response.json(answer)
    },
  }
}

function shapeOf(schema: z.ZodObject): Shape {
  return { jsonSchema: () => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonObject }
}

function bodyOf({ body }: RouteCall): () => unknown {
  return () => {
    // several of LiteLLM's calls may come without a body
    if (body === undefined || body.length === 0) return {}
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  }
}

/** A query as an object: a name that comes twice, or is followed by `[]`, or whose shape is a list, is a list. */
function queryOf(query: URLSearchParams, schema: z.ZodObject | undefined): unknown {
  const out: Record<string, string | string[]> = {}
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name)
    const bare = name.endsWith('[]') ? name.slice(0, -2) : name
    const wants = schema && bare in schema.shape ? unwrapped(schema.shape[bare] as z.ZodType) : undefined
    if (values.length === 1 && values[0] === '') continue
    out[bare] = wants instanceof z.ZodArray || values.length > 1 ? values : (values[0] ?? '')
  }
  return out
}

function unwrapped(schema: z.ZodType): z.ZodType {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable || inner instanceof z.ZodDefault)
    inner = inner.unwrap() as z.ZodType
  return inner
}

/** Runs something for each of many; those that fail are told apart and the others go on. */
export async function each<T, R>(
  items: readonly T[],
  act: (item: T) => Promise<R>,
): Promise<{ readonly done: readonly R[]; readonly failed: readonly { readonly item: T; readonly why: string }[] }> {
  const done: R[] = []
  const failed: { item: T; why: string }[] = []
  for (const item of items) {
    try {
      done.push(await act(item))
    } catch (thrown) {
      if (!isGatewayError(thrown)) throw thrown
      failed.push({ item, why: thrown.message })
    }
  }
  return { done, failed }
}
