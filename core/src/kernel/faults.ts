/** One way to fail, and what every reader needs to know of it. */
export interface Fault {
  /** the HTTP status we answer with, unless the provider's own is known */
  readonly status: number
  /** whose doing it was */
  readonly blame: 'caller' | 'provider' | 'gateway'
  /** may the router try again: nowhere, on the same deployment too, or only on another */
  readonly retry: 'never' | 'same' | 'elsewhere'
  /** does it count against the deployment's health */
  readonly cools: boolean
}

/** Every way to fail, one table; the router, HTTP, metrics and docs read the same row. */
export const faults = {
  'invalid-json': { status: 400, blame: 'caller', retry: 'never', cools: false },
  'invalid-request': { status: 400, blame: 'caller', retry: 'never', cools: false },
  unsupported: { status: 400, blame: 'caller', retry: 'elsewhere', cools: false },
  'unknown-model': { status: 400, blame: 'caller', retry: 'never', cools: false },
  'too-large': { status: 413, blame: 'caller', retry: 'never', cools: false },
  'not-found': { status: 404, blame: 'caller', retry: 'never', cools: false },
  'method-not-allowed': { status: 405, blame: 'caller', retry: 'never', cools: false },
  'slow-request': { status: 408, blame: 'caller', retry: 'never', cools: false },
  'upgrade-refused': { status: 426, blame: 'caller', retry: 'never', cools: false },
  'missing-key': { status: 401, blame: 'caller', retry: 'never', cools: false },
  'invalid-key': { status: 401, blame: 'caller', retry: 'never', cools: false },
  'unknown-key': { status: 401, blame: 'caller', retry: 'never', cools: false },
  'expired-key': { status: 401, blame: 'caller', retry: 'never', cools: false },
  'blocked-key': { status: 401, blame: 'caller', retry: 'never', cools: false },
  'admin-only': { status: 401, blame: 'caller', retry: 'never', cools: false },
  'model-denied': { status: 403, blame: 'caller', retry: 'never', cools: false },
  'route-denied': { status: 403, blame: 'caller', retry: 'never', cools: false },
  'budget-exceeded': { status: 429, blame: 'caller', retry: 'never', cools: false },
  'rate-limited': { status: 429, blame: 'caller', retry: 'never', cools: false },
  'context-overflow': { status: 400, blame: 'caller', retry: 'elsewhere', cools: false },
  'content-policy': { status: 400, blame: 'caller', retry: 'elsewhere', cools: false },
  'provider-refused': { status: 400, blame: 'caller', retry: 'never', cools: false },
  'continuation-gone': { status: 409, blame: 'caller', retry: 'elsewhere', cools: false },
  'provider-auth': { status: 401, blame: 'provider', retry: 'elsewhere', cools: true },
  'provider-denied': { status: 403, blame: 'provider', retry: 'elsewhere', cools: true },
  'provider-not-found': { status: 404, blame: 'provider', retry: 'elsewhere', cools: true },
  'provider-quota': { status: 429, blame: 'provider', retry: 'elsewhere', cools: true },
  'provider-limit': { status: 429, blame: 'provider', retry: 'elsewhere', cools: true },
  'provider-failed': { status: 500, blame: 'provider', retry: 'same', cools: true },
  'provider-overloaded': { status: 503, blame: 'provider', retry: 'same', cools: true },
  'provider-unreachable': { status: 500, blame: 'provider', retry: 'same', cools: true },
  'provider-timeout': { status: 408, blame: 'provider', retry: 'same', cools: true },
  'provider-garbled': { status: 502, blame: 'provider', retry: 'same', cools: true },
  'no-deployment': { status: 429, blame: 'provider', retry: 'never', cools: false },
  misconfigured: { status: 500, blame: 'gateway', retry: 'elsewhere', cools: false },
  'store-down': { status: 503, blame: 'gateway', retry: 'never', cools: false },
  'shutting-down': { status: 503, blame: 'gateway', retry: 'never', cools: false },
  'client-gone': { status: 499, blame: 'caller', retry: 'never', cools: false },
  internal: { status: 500, blame: 'gateway', retry: 'never', cools: false },
} as const satisfies Record<string, Fault>

/** The name of a way to fail. */
export type FaultCode = keyof typeof faults

/** A provider's failing answer as it came, so that a caller who speaks its format gets it verbatim. */
export interface UpstreamReply {
  /** wire format of the body */
  readonly format: string
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/** What is known of a failure beyond its code. */
export interface FaultDetail {
  /** HTTP status, where the provider's own differs from the table's */
  readonly status?: number
  /** the request field at fault, as a path: `messages.2.content` */
  readonly param?: string
  /** machine words of the provider: its error type and code */
  readonly vendorType?: string
  readonly vendorCode?: string
  readonly provider?: string
  readonly model?: string
  /** milliseconds to wait before the next try */
  readonly retryAfterMs?: number
  /** LiteLLM's `error.type` where it is finer than the code (`team_model_access_denied`) */
  readonly kind?: string
  readonly upstream?: UpstreamReply
  /** further headers of our own answer */
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

const marker = Symbol.for('turnpike.GatewayError')

/** The one error of the library and the gateway; `code` names the row of `faults`. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: FaultCode
  readonly detail: FaultDetail

  constructor(code: FaultCode, message: string, detail: FaultDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.code = code
    this.detail = detail
    Object.defineProperty(this, marker, { value: true })
  }

  get fault(): Fault {
    return faults[this.code]
  }

  get status(): number {
    return this.detail.status ?? this.fault.status
  }

  get provider(): string | undefined {
    return this.detail.provider
  }

  get retryAfterMs(): number | undefined {
    return this.detail.retryAfterMs
  }
}

/** Recognises the error across copies of the package. */
export function isGatewayError(value: unknown): value is GatewayError {
  return typeof value === 'object' && value !== null && marker in value
}

/** The same failure with more detail. */
export function withDetail(error: GatewayError, detail: FaultDetail): GatewayError {
  return new GatewayError(error.code, error.message, { ...error.detail, ...detail })
}
