import type { Known } from './known/known.ts'
import type { Outbox } from './outbox.ts'
import type { Change, Keys } from './wire.ts'

/** A change with what to do when it did not arrive, and who hears with which end a window runs. */
export interface Missed {
  readonly change: Change
  readonly lost?: () => void
  readonly runs?: (ends: number) => void
}

export interface CatchUpPorts {
  readonly known: Known
  readonly outbox: Outbox
  readonly keys: Keys
  /** whether Redis still has what it had before the cut */
  readonly remembered: boolean
  readonly redisNow: number
}

/** All that Redis has to be told by a process that comes back under a new name: what it holds, and what happened meanwhile. */
export function catchUp(ports: CatchUpPorts): readonly Missed[] {
  return [...spends(ports), ...holdings(ports), ...counts(ports)]
}

function* spends({ known, outbox, keys, remembered }: CatchUpPorts): Iterable<Missed> {
  const { amounts, fixes } = outbox.hand()
  for (const [bucket, first] of amounts) {
    const lost = () => outbox.owe(bucket, first)
    // what forgot everything was seeded from the store, which may have counted this already
    if (remembered) yield { change: { what: 'spend', key: keys.money(bucket), first }, lost }
    else
      yield { change: { what: 'raise', key: keys.money(bucket), first: known.accounts.get(bucket)?.spent ?? 0 }, lost }
  }
  for (const [bucket, first] of fixes)
    yield { change: { what: 'correct', key: keys.money(bucket), first }, lost: () => outbox.fix(bucket, first) }
}

function* holdings({ known, keys }: CatchUpPorts): Iterable<Missed> {
  for (const [bucket, { reserved }] of known.accounts.entries())
    if (reserved > 0) yield { change: { what: 'reserve', key: keys.money(bucket), first: reserved } }
  for (const [bucket, { mine }] of known.slots.entries())
    if (mine > 0) yield { change: { what: 'places', key: keys.slots(bucket), first: mine } }
}

function* counts({ known, keys, redisNow }: CatchUpPorts): Iterable<Missed> {
  for (const [bucket, window] of known.windows.entries()) {
    const first = window.hand()
    if (first === 0 || window.ends <= redisNow) continue
    yield {
      change: { what: 'since', key: keys.window(bucket), first, second: window.ends },
      lost: () => window.handBack(first),
      runs: (ends) => {
        window.ends = ends
      },
    }
  }
}
