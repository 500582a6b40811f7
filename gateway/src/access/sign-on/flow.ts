import { createHmac, timingSafeEqual } from 'node:crypto'
import { isObject, type JsonObject } from 'turnpike-core/internal/kernel/json'

/** What must be the same when somebody comes back from the identity provider. */
export interface Flow {
  readonly provider: string
  readonly state: string
  readonly nonce: string
  /** of PKCE (https://www.rfc-editor.org/rfc/rfc7636) */
  readonly verifier: string
  /** path on this gateway to go on to */
  readonly returnTo: string
  readonly expiresAt: number
}

/** Turns a flow into a text that only this gateway can have made, and back. */
export interface FlowSeal {
  seal(flow: Flow): string
  /** undefined: it was not made here, or its time is over */
  open(text: string): Flow | undefined
}

/** A seal that every replica with the same secret can open. */
export function createFlowSeal(secret: string, now: () => number): FlowSeal {
  const key = createHmac('sha256', secret).update('turnpike sign-on flow').digest()
  const sign = (body: string) => createHmac('sha256', key).update(body).digest()

  return {
    seal(flow) {
      const body = Buffer.from(JSON.stringify(flow)).toString('base64url')
      return `${body}.${sign(body).toString('base64url')}`
    },
    open(text) {
      const [body = '', signature = ''] = text.split('.')
      const given = Buffer.from(signature, 'base64url')
      const own = sign(body)
      if (given.length !== own.length || !timingSafeEqual(given, own)) return undefined
      const flow = flowOf(JSON.parse(Buffer.from(body, 'base64url').toString()))
      return flow && flow.expiresAt > now() ? flow : undefined
    },
  }
}

function flowOf(value: unknown): Flow | undefined {
  if (!isObject(value)) return undefined
  const { expiresAt } = value
  const texts = ['provider', 'state', 'nonce', 'verifier', 'returnTo'] as const
  const all = texts.every((name) => typeof value[name] === 'string') && typeof expiresAt === 'number'
  return all ? (value as JsonObject & Flow) : undefined
}

/** Remembers states that were used, until their flow is over: a callback counts once. */
export function createUsedStates(now: () => number, most = 100_000): (flow: Flow) => boolean {
  const used = new Map<string, number>()
  return ({ state, expiresAt }) => {
    if ((used.get(state) ?? 0) > now()) return false
    used.set(state, expiresAt)
    for (const [oldest, until] of used) {
      if (until > now() && used.size <= most) break
      used.delete(oldest)
    }
    return true
  }
}
