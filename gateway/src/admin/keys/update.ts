import { isDeepStrictEqual } from 'node:util'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { isHash } from '../../access/secrets.ts'
import type { House } from '../../house.ts'
import type { Stored } from '../../store/aggregate.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import { type Change, edited, record, type Who } from '../desk.ts'
import { invalid } from '../shapes.ts'
import { checkBudgetId } from '../tenants/views.ts'
import { aliasTaken, keyNotFound, keyOrNotFound, replacedBy } from './find.ts'
import { teamRoleOf } from './generate.ts'
import { keyFacts } from './key-view.ts'
import { bounded, checkCreation } from './rules/creation.ts'
import { applyBody, type Draft } from './rules/draft.ts'
import { checkManages, checkMayChange, checkName, checkPlace, type Footing } from './rules/rights.ts'
import type { KeyBody } from './rules/shapes.ts'
import { checkNotLoosened, checkPermissions, checkWithin } from './rules/within.ts'

/** Changes the fields that are sent, clears those that are null, leaves the others. */
export async function updateKey(who: Who, sent: string, body: Partial<KeyBody>): Promise<Stored<VirtualKey>> {
  return changeKey(who, sent, { action: 'updated', draft: (stored) => drafted(who, stored, body, '/key/update') })
}

/** Blocks or unblocks a key: for those who manage it, not for its owner. */
export async function setBlocked(who: Who, sent: string, blocked: boolean): Promise<Stored<VirtualKey>> {
  if (!isHash(sent) && !sent.startsWith('sk-')) throw invalid('key', 'key must be a key (sk-...) or the hash of one.')
  return changeKey(who, sent, {
    action: blocked ? 'blocked' : 'unblocked',
    async draft(stored) {
      await checkManages(who, stored)
      return { value: { ...stored.value, blocked }, extra: stored.extra }
    },
  })
}

/** A key as the body would have it, once everything that forbids it was asked. `route` is what a team's member needs leave for. */
export async function drafted(
  who: Who,
  stored: Stored<VirtualKey>,
  body: Partial<KeyBody>,
  route: string,
): Promise<Draft> {
  const { house } = who
  const { creation } = house.config.governance
  const footing = await checkMayChange(who, stored, route)
  const before = stored.value
  const draft = applyBody(stored, bounded(body, creation, 'what is sent'), house.now())
  const after = draft.value
  if (footing.as !== 'manager') {
    checkCreation(who, before, { teamRole: teamRoleOf(footing) })
    checkNotLoosened(before, after)
  }
  checkPermissions(who, before, after)
  await checkWhatChanged(who, { before, after, footing })
  checkName(who, before, after, route === '/key/regenerate')
  return draft
}

interface Changed {
  readonly before: VirtualKey
  readonly after: VirtualKey
  readonly footing: Footing
}

/** What was let in once is not asked again when something else changes. */
async function checkWhatChanged(who: Who, { before, after, footing }: Changed): Promise<void> {
  const moved = !isDeepStrictEqual(ownersOf(before), ownersOf(after))
  const there = moved ? await checkPlace(who, after) : footing
  if (moved) checkCreation(who, after, { teamRole: teamRoleOf(there) })
  if (moved || !isDeepStrictEqual(boundsOf(before), boundsOf(after))) await checkWithin(who, after, there)
  if (after.budgetId !== before.budgetId) await checkBudgetId(who.house, after)
}

function ownersOf({ userId, teamId, organizationId }: VirtualKey) {
  return { userId, teamId, organizationId }
}

function boundsOf({ models, maxBudget, budgetDuration, tempBudgetIncrease, rpmLimit, tpmLimit, budgetId }: VirtualKey) {
  return { models, maxBudget, budgetDuration, tempBudgetIncrease, rpmLimit, tpmLimit, budgetId }
}

interface Edit {
  readonly action: Change['action']
  /** the key as it shall be; throws what forbids it */
  readonly draft: (stored: Stored<VirtualKey>) => Promise<Draft>
}

const mostTries = 5

/** Changes a key as it was when it was looked at: who is quicker is seen, and everything asked anew. */
async function changeKey(who: Who, sent: string, edit: Edit): Promise<Stored<VirtualKey>> {
  for (let tries = 0; tries < mostTries; tries++) {
    const before = await keyOrNotFound(who, sent)
    const draft = await edit.draft(before)
    const after = await replace(who, before, draft)
    if (!after) continue
    await tell(who, { action: edit.action, before, after })
    return after
  }
  throw new GatewayError('invalid-request', 'Others change this key at this very moment; try again.', {
    status: 409,
    param: 'key',
    kind: 'bad_request_error',
  })
}

/** The key with another value; undefined where it is not what it was. */
export async function replace(
  who: Who,
  before: Stored<VirtualKey>,
  draft: Draft,
): Promise<Stored<VirtualKey> | undefined> {
  let stale = false
  const changed = await who.house.store.keys.change(before.value.hash, (current) => {
    stale = !isDeepStrictEqual(current, before)
    return stale ? current : edited(who, current, draft.value, draft.extra)
  })
  if (!changed) throw keyNotFound()
  if ('taken' in changed) throw aliasTaken(draft.value.alias)
  return stale ? undefined : changed
}

interface Told {
  readonly action: Change['action']
  readonly before: Stored<VirtualKey>
  readonly after: Stored<VirtualKey>
}

/** Tells of a change, and lets the secrets that the key replaced follow it. */
async function tell(who: Who, { action, before, after }: Told): Promise<void> {
  const { house } = who
  const moved = !isDeepStrictEqual(ownersOf(before.value), ownersOf(after.value))
  for (const hash of replacedBy(after)) {
    if (moved) await follow(house, hash, after.value)
    house.news.key(hash)
  }
  await record(who, {
    action,
    table: 'LiteLLM_VerificationToken',
    objectId: after.value.hash,
    before: keyFacts(before),
    after: keyFacts(after),
  })
}

async function follow({ store }: House, hash: string, { userId, teamId, organizationId }: VirtualKey): Promise<void> {
  await store.keys.change(hash, (stored) => {
    const { userId: _user, teamId: _team, organizationId: _organization, ...rest } = stored.value
    const owners = {
      ...(userId !== undefined && { userId }),
      ...(teamId !== undefined && { teamId }),
      ...(organizationId !== undefined && { organizationId }),
    }
    return { ...stored, value: { ...rest, ...owners } }
  })
}
