import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { isAdmin } from '../../../access/rights.ts'
import { hashOf, isHash } from '../../../access/secrets.ts'
import { createStandings } from '../../../access/standing.ts'
import { keyHashOf } from '../../../ledger/row.ts'
import type { Principal } from '../../../vocabulary/principal.ts'
import { forbidden, notFound, type Who } from '../../desk.ts'

/** Who is explained for, and why they would be turned away at the door, if they would. */
export interface Whose {
  readonly principal: Principal
  readonly turnedAway?: string | undefined
}

/** The caller, or for an administrator whoever holds the key: by its secret, its hash or its alias. */
export async function whoseCall(key: string | undefined, who: Who): Promise<Whose> {
  const { caller, house } = who
  if (key === undefined) return { principal: caller }
  const hash = isHash(key) ? key : hashOf(key)
  if (!isAdmin(caller)) {
    if (keyHashOf(caller) === hash) return { principal: caller }
    throw forbidden('Only an administrator may have the calls of other keys explained: leave key out.', 'key')
  }
  const found = (await standingOf(hash, who)) ?? (await standingOf(await hashByAlias(key, who), who))
  if (found) return found
  // the master key, a token, or what is no key at all: whoever knows secrets says
  if (isHash(key)) throw notFound('There is no such key.', 'key')
  try {
    return { principal: await house.access.identify({ secret: key, headers: new Headers() }) }
  } catch (thrown) {
    if (isGatewayError(thrown)) throw notFound('There is no such key.', 'key')
    throw thrown
  }
}

async function hashByAlias(alias: string, { house }: Who): Promise<string | undefined> {
  return (await house.store.keys.findBy('alias', alias))?.value.hash
}

async function standingOf(hash: string | undefined, { house }: Who): Promise<Whose | undefined> {
  const principal = hash === undefined ? undefined : await createStandings(house.store).ofKey(hash)
  if (!principal) return undefined
  const { key, team, user } = principal
  const expired = key.expiresAt !== undefined && key.expiresAt <= house.now()
  const why = key.blocked
    ? 'blocked-key: the key is blocked'
    : expired
      ? 'expired-key: the key has expired'
      : team?.blocked
        ? 'blocked-key: its team is blocked'
        : user?.blocked
          ? 'blocked-key: its user is blocked'
          : undefined
  return { principal, turnedAway: why }
}

/** Who is asking, for people. */
export function whoView(principal: Principal): JsonObject {
  if (principal.kind === 'master' || principal.kind === 'anonymous') return { kind: principal.kind }
  const { user, team, organization, role } = principal
  const key = principal.kind === 'key' ? principal.key : undefined
  return {
    kind: principal.kind,
    role,
    ...(key && { key_alias: key.alias ?? null, key_name: key.name, token: key.hash }),
    user_id: user?.id ?? key?.userId ?? null,
    user_email: user?.email ?? null,
    team_id: team?.id ?? null,
    team_alias: team?.alias ?? null,
    organization_id: organization?.id ?? null,
  }
}
