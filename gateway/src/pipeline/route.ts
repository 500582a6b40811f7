import type { RequestPath } from 'turnpike-core/internal/formats/format'
import type { Framing } from 'turnpike-core/internal/kernel/framing'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'
import type { Policy } from '../access/rights.ts'
import type { House } from '../house.ts'
import type { Principal } from '../vocabulary/principal.ts'

/** Where a route is found and who may use it; every row of the router table says so. */
interface Row {
  /** stable name: `chat.completions` */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** paths with `:name` (one segment) or `:name+` (the rest up to what follows); the first is canonical, the others are aliases */
  readonly paths: readonly string[]
  readonly policy: Policy
  /** LiteLLM's route groups that it belongs to (`llm_api_routes`, `info_routes`, …) */
  readonly groups: readonly string[]
}

/** A path that answers model calls: which format is spoken there. */
export interface Surface extends Row {
  readonly kind: 'surface'
  readonly format: FormatId
  /** what path and query say of the call beyond its body */
  readonly read?: (params: Params, query: URLSearchParams) => RequestPath
  /** how the caller wants a stream to lie in bytes, where the query chooses */
  readonly framing?: (query: URLSearchParams) => Framing
}

/** A path that answers by itself: management, listings, health. */
export interface Route extends Row {
  readonly kind: 'route'
  /** format that its errors are written in */
  readonly errors: FormatId
  /** whether LiteLLM's clients look for its errors under `detail` as well */
  readonly detail?: boolean | undefined
  /** what it does, in a sentence, and the shapes of what it takes: the API's description is made of them */
  readonly summary?: string | undefined
  readonly body?: Shape | undefined
  readonly querySchema?: Shape | undefined
  readonly handle: (call: RouteCall, house: House) => Promise<Response> | Response
}

/** A shape that can be shown as JSON Schema. */
export interface Shape {
  jsonSchema(): JsonObject
}

export type Endpoint = Surface | Route

/** Path parameters, decoded. */
export type Params = Readonly<Record<string, string>>

/** What a route's handler is given. */
export interface RouteCall {
  readonly request: Request
  readonly params: Params
  readonly query: URLSearchParams
  /** undefined for methods without a body; already bounded in size */
  readonly body: Uint8Array | undefined
  readonly principal: Principal
  /** the caller's address, where the runtime or a trusted proxy tells it */
  readonly address?: string | undefined
  readonly callId: string
}

/** A request that found its row. */
export interface Knock {
  readonly request: Request
  readonly endpoint: Endpoint
  readonly params: Params
  readonly query: URLSearchParams
  /** our own id of the exchange: never the caller's, because money is booked once per id */
  readonly id: string
  /** the id that the request is known by, the caller's own if it sent a decent one */
  readonly callId: string
  /** milliseconds since 1970, and on the monotonic clock */
  readonly startedAt: number
  readonly tick: number
  /** address of the peer's socket */
  readonly peer: string | undefined
}
