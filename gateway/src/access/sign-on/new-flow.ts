import { randomBytes } from 'node:crypto'
import type { Flow } from './flow.ts'

/** A flow with a state, a nonce and a verifier of its own. */
export function newFlow(of: Pick<Flow, 'provider' | 'returnTo' | 'expiresAt'>): Flow {
  const secret = () => randomBytes(32).toString('base64url')
  return { ...of, state: secret(), nonce: secret(), verifier: secret() }
}
