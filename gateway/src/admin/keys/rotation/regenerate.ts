import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { hashOf, nameOf, newSecret } from '../../../access/secrets.ts'
import type { Stored } from '../../../store/aggregate.ts'
import { later, readDuration } from '../../../vocabulary/duration.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import type { GeneratedKey } from '../../contract.ts'
import { edited, fresh, record, type Who } from '../../desk.ts'
import { invalid } from '../../shapes.ts'
import { aliasTaken, keyOrNotFound, replacedBy } from '../find.ts'
import { ownSecret, shownOnce } from '../generate.ts'
import { keyFacts } from '../key-view.ts'
import type { Draft } from '../rules/draft.ts'
import type { KeyBody } from '../rules/shapes.ts'
import { drafted, replace } from '../update.ts'
import { openMove } from './corrections.ts'
import { inTurn } from './turns.ts'

export interface RegenerateBody extends Partial<KeyBody> {
  readonly new_key?: string | null | undefined
  /** how long the old secret is still good; absent: not at all */
  readonly grace_period?: string | null | undefined
}

/** Gives a key another secret, and changes what the body says of it besides. What it has spent goes with it. */
export async function regenerateKey(who: Who, sent: string, body: RegenerateBody): Promise<GeneratedKey> {
  const secret = body.new_key === undefined || body.new_key === null ? newSecret() : ownSecret(body.new_key, 'new_key')
  const { value } = await keyOrNotFound(who, sent)
  return inTurn(value.hash, async () => {
    const before = await keyOrNotFound(who, sent)
    const draft = await drafted(who, before, body, '/key/regenerate')
    const after = await rotate(who, { before, draft, secret, grace: body.grace_period ?? '' })
    return shownOnce(who, after, secret)
  })
}

interface Rotation {
  readonly before: Stored<VirtualKey>
  readonly draft: Draft
  readonly secret: string
  readonly grace: string
}

async function rotate(who: Who, rotation: Rotation): Promise<Stored<VirtualKey>> {
  const { house } = who
  const { before, draft, secret } = rotation
  const hash = hashOf(secret)
  const { alias, ...nameless } = draft.value
  if (alias !== undefined) await checkAlias(who, alias, before.value.hash)
  const grace = readDuration(rotation.grace)
  const living = await stillGood(who, before)
  const extra = {
    ...draft.extra,
    rotation_count: Number(before.extra.rotation_count ?? 0) + 1,
    last_rotation_at: new Date(house.now()).toISOString(),
    rotated_from: grace ? [before.value.hash, ...living] : living,
  }
  // the alias is the old row's until that row lets it go
  const stored = {
    ...fresh(who, { ...nameless, hash, name: nameOf(secret) }, extra),
    createdAt: before.createdAt,
    createdBy: before.createdBy,
  }
  const { taken } = await house.store.keys.insert(stored)
  if (taken !== undefined) throw invalid('new_key', 'This key exists already; send another, or none to have one made.')
  const move = await openMove(house, before.value, hash)
  if (!(await retire(who, before, { to: hash, until: grace && later(house.now(), grace) }))) {
    await house.store.keys.remove([hash])
    await move.undo()
    throw new GatewayError('invalid-request', 'Others change this key at this very moment; try again.', {
      status: 409,
      param: 'key',
    })
  }
  const after = alias === undefined ? stored : await named(who, stored, alias)
  for (const old of living) await lead(who, old, hash)
  await record(who, {
    action: 'rotated',
    table: 'LiteLLM_VerificationToken',
    objectId: hash,
    before: keyFacts(before),
    after: keyFacts(after),
  })
  house.news.key(before.value.hash)
  await move.finish()
  return after
}

/** The secrets that a key replaced and that are still in their grace; the rows of the others go. */
async function stillGood({ house }: Who, key: Stored<VirtualKey>): Promise<readonly string[]> {
  const rows = await house.store.keys.findMany(replacedBy(key))
  const isOver = ({ value: { expiresAt } }: Stored<VirtualKey>) => expiresAt !== undefined && expiresAt <= house.now()
  await house.store.keys.remove(rows.filter(isOver).map(({ value }) => value.hash))
  return rows.filter((row) => !isOver(row)).map(({ value }) => value.hash)
}

async function checkAlias({ house }: Who, alias: string, own: string): Promise<void> {
  const other = await house.store.keys.findBy('alias', alias)
  if (other && other.value.hash !== own) throw aliasTaken(alias)
}

/** Turns the old row into one that stands for the new, or removes it; whether it was still as it was. */
async function retire(
  who: Who,
  before: Stored<VirtualKey>,
  { to, until }: { readonly to: string; readonly until: number | undefined },
): Promise<boolean> {
  const { alias: _alias, ...value } = before.value
  const expiresAt = Math.min(until ?? who.house.now(), value.expiresAt ?? Number.POSITIVE_INFINITY)
  const { rotated_from: _replaced, ...extra } = before.extra
  if (!(await replace(who, before, { value: { ...value, rotatedTo: to, expiresAt }, extra }))) return false
  if (until === undefined) await who.house.store.keys.remove([before.value.hash])
  return true
}

async function named(who: Who, stored: Stored<VirtualKey>, alias: string): Promise<Stored<VirtualKey>> {
  const value = { ...stored.value, alias }
  const changed = await who.house.store.keys.change(stored.value.hash, (current) => edited(who, current, value))
  // somebody was quicker with the name: the key has none then, and says so
  return changed && !('taken' in changed) ? changed : stored
}

/** Lets a secret that was replaced before stand for the newest key. */
async function lead({ house }: Who, old: string, to: string): Promise<void> {
  await house.store.keys.change(old, (stored) => ({ ...stored, value: { ...stored.value, rotatedTo: to } }))
  house.news.key(old)
}
