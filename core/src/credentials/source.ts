import { GatewayError } from '../kernel/faults.ts'
import { hostOf, isBoundTo } from './hosts.ts'
import { Secret } from './secret.ts'

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What of a provider's row decides whose a key is. */
export interface KeyOwner {
  readonly name: string
  readonly title: string
  readonly base?: string
  readonly bases?: Readonly<Record<string, string | undefined>>
  /** further hosts of the vendor's own */
  readonly hosts?: readonly string[]
  readonly keyEnv: readonly string[]
  readonly baseEnv?: readonly string[]
  readonly defaultKey?: string
}

interface Given {
  /** the key that the deployment or the caller names */
  readonly apiKey?: string | Secret
  /** the root URL that the deployment or the caller names */
  readonly apiBase?: string
  readonly env: Environment
}

/**
 * Hosts that a key of the environment may go to: those of the row and that of the vendor's `…_API_BASE` variable. Empty for a
 * row that has no place of its own, as long as no variable names one.
 */
export function ownHosts(owner: KeyOwner, env: Environment): readonly string[] {
  const urls = [owner.base, ...Object.values(owner.bases ?? {}), firstSet(owner.baseEnv ?? [], env)]
  const hosts = urls.flatMap((url) => (url === undefined ? [] : (hostOf(url) ?? [])))
  return [...new Set([...hosts, ...(owner.hosts ?? [])])]
}

/**
 * The credential of a call, bound to its host. A key given for the deployment belongs to the deployment's host. A key of the
 * environment belongs to the vendor: when `apiBase` leads elsewhere there is none, and the call goes out without.
 */
export function credentialFor(owner: KeyOwner, given: Given): Secret | undefined {
  const own = ownHosts(owner, given.env)
  const target = given.apiBase === undefined ? undefined : hostOf(given.apiBase)
  const explicit = given.apiKey instanceof Secret ? given.apiKey.reveal() : given.apiKey
  if (explicit !== undefined && explicit.trim() !== '')
    return new Secret(explicit, target === undefined || isBoundTo(target, own) ? own : [target])
  const hosts = own.length === 0 && target !== undefined ? [target] : own
  const found = firstSet(owner.keyEnv, given.env)
  if (found !== undefined && (given.apiBase === undefined || (target !== undefined && isBoundTo(target, hosts))))
    return new Secret(found, hosts)
  // a placeholder for local servers that want some key: no secret, so it may go anywhere
  return owner.defaultKey === undefined ? undefined : new Secret(owner.defaultKey, ['*'])
}

/** The error for a vendor that takes no call without a key; it names every way to give one. */
export function missingKey(owner: KeyOwner): GatewayError {
  const variables = owner.keyEnv.join(' or ')
  return new GatewayError(
    'provider-auth',
    `No API key for ${owner.title}: ${variables ? `set ${variables} in the environment, or ` : ''}give the deployment an api_key. A key of the environment is only used at ${owner.title}'s own hosts.`,
    { provider: owner.name },
  )
}

/** The value of the first variable that is set to more than blanks. */
export function firstSet(names: readonly string[], env: Environment): string | undefined {
  for (const name of names) {
    const value = env[name]?.trim()
    if (value) return value
  }
  return undefined
}
