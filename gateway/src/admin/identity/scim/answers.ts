import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { isObject, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'
import type { RouteCall } from '../../../pipeline/route.ts'

/** https://www.rfc-editor.org/rfc/rfc7644#section-3.12 */
export type ScimType =
  | 'invalidFilter'
  | 'invalidPath'
  | 'invalidSyntax'
  | 'invalidValue'
  | 'mutability'
  | 'noTarget'
  | 'uniqueness'

const messages = 'urn:ietf:params:scim:api:messages:2.0'
export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group'

export function answer(body: JsonObject, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, 'content-type': 'application/scim+json' },
  })
}

/** A page of resources. */
export function listAnswer(
  resources: readonly JsonObject[],
  { total = resources.length, startIndex = 1 }: { readonly total?: number; readonly startIndex?: number } = {},
): Response {
  return answer({
    schemas: [`${messages}:ListResponse`],
    totalResults: total,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  })
}

/** Something that cannot be done as it was asked. */
export function scimFault(scimType: ScimType, message: string): GatewayError {
  return new GatewayError('invalid-request', message, {
    kind: scimType,
    ...(scimType === 'uniqueness' ? { status: 409 } : {}),
  })
}

export function noResource(kind: 'User' | 'Group' | 'Schema' | 'ResourceType'): GatewayError {
  return new GatewayError('not-found', `There is no such ${kind}.`, {})
}

/** Runs a handler and writes what it refuses as SCIM does. */
export async function answered(act: () => Promise<Response> | Response): Promise<Response> {
  try {
    return await act()
  } catch (thrown) {
    if (!isGatewayError(thrown)) throw thrown
    const { status, message, detail } = thrown
    return answer(
      {
        schemas: [`${messages}:Error`],
        status: String(status),
        ...(detail.kind === undefined ? {} : { scimType: detail.kind }),
        detail: message,
      },
      status,
    )
  }
}

export function bodyOf({ body }: RouteCall): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw scimFault('invalidSyntax', 'The request body is not valid JSON.')
  }
  if (!isObject(value)) throw scimFault('invalidSyntax', 'The request body must be a JSON object.')
  return value
}

/** The resource with the attributes that the query asks for (https://www.rfc-editor.org/rfc/rfc7644#section-3.9). */
export function projected(resource: JsonObject, query: URLSearchParams): JsonObject {
  const named = (name: string) =>
    query
      .get(name)
      ?.split(',')
      .map((one) => one.trim().split('.')[0]?.toLowerCase() ?? '')
  const [wanted, unwanted] = [named('attributes'), named('excludedAttributes')]
  if (!wanted && !unwanted) return resource
  const always = ['id', 'schemas']
  return Object.fromEntries(
    Object.entries(resource).filter(([name]: [string, Json | undefined]) => {
      const plain = name.toLowerCase()
      if (always.includes(plain)) return true
      return wanted ? wanted.includes(plain) : !unwanted?.includes(plain)
    }),
  )
}
