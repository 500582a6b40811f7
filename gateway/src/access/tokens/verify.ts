import { decodeProtectedHeader, errors, type JWSHeaderParameters, type JWTVerifyOptions, jwtVerify } from 'jose'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { KeySet } from './key-set.ts'

/** Signatures that are accepted: never one with a shared secret, never none. */
export const algorithms: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
]

const leewaySeconds = 60

export interface VerifyRules {
  /** empty: not looked at */
  readonly audiences: readonly string[]
  readonly issuers: readonly string[]
  readonly keys: KeySet
  readonly now: () => number
}

/** The claims of a token that one of the providers signed for us and that holds now. Throws `invalid-key` or `expired-key`. */
export async function verify(token: string, { audiences, issuers, keys, now }: VerifyRules): Promise<JsonObject> {
  const header = headerOf(token)
  if (!algorithms.includes(header.alg ?? ''))
    throw refusedToken(`its algorithm is not accepted; those that are: ${algorithms.join(', ')}.`)
  const candidates = await keys.keysFor(header)
  const options: JWTVerifyOptions = {
    algorithms: [...algorithms],
    clockTolerance: leewaySeconds,
    currentDate: new Date(now()),
    requiredClaims: ['exp'],
    ...(audiences.length > 0 ? { audience: [...audiences] } : {}),
    ...(issuers.length > 0 ? { issuer: [...issuers] } : {}),
  }
  for (const key of candidates)
    try {
      return (await jwtVerify(token, key, options)).payload as JsonObject
    } catch (thrown) {
      if (!(thrown instanceof errors.JWSSignatureVerificationFailed)) throw complaintOf(thrown)
    }
  throw refusedToken(
    candidates.length === 0
      ? 'it is signed with a key that the identity provider does not publish.'
      : 'its signature does not fit.',
  )
}

function headerOf(token: string): JWSHeaderParameters {
  try {
    return decodeProtectedHeader(token) as JWSHeaderParameters
  } catch {
    throw refusedToken('it is no JSON Web Token.')
  }
}

function complaintOf(thrown: unknown): GatewayError {
  if (thrown instanceof errors.JWTExpired)
    return new GatewayError('expired-key', 'Authentication Error, the token has expired.', { kind: 'expired_key' })
  if (thrown instanceof errors.JWTClaimValidationFailed)
    return refusedToken(`its claim \`${thrown.claim}\` is missing or not what is expected here.`)
  return refusedToken('it cannot be read.')
}

/** A token that is no credential here, and why. */
export function refusedToken(why: string): GatewayError {
  return new GatewayError('invalid-key', `Authentication Error, the token is refused: ${why}`, { kind: 'auth_error' })
}
