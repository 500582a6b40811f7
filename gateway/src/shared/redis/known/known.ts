import { type Place, type Placed, Shelf, takeAll } from '../../places.ts'
import type { Claim } from '../../shared.ts'
import { KnownAccount } from './account.ts'
import { KnownSlots } from './slots.ts'
import type { Standing } from './standing.ts'
import { KnownWindow } from './window.ts'

/** What this process knows of the buckets that it met: enough to go on alone. */
export interface Known {
  readonly accounts: Shelf<KnownAccount>
  readonly windows: Shelf<KnownWindow>
  readonly slots: Shelf<KnownSlots>
  account(bucket: string): KnownAccount
  /** the window with that end, by Redis' clock */
  window(bucket: string, ends: number): KnownWindow
  slotsOf(bucket: string): KnownSlots
  /** takes within this process' own share */
  take(claims: readonly Claim[]): Placed
}

export interface KnownPorts {
  readonly standing: Standing
  readonly now: () => number
  readonly most: number
}

export function createKnown({ standing, now, most }: KnownPorts): Known {
  const redisNow = () => now() + standing.ahead
  const accounts = new Shelf<KnownAccount>((account) => account.idle, most)
  const windows = new Shelf<KnownWindow>((window) => window.idle || window.ends <= redisNow(), most)
  const slots = new Shelf<KnownSlots>((place) => place.mine === 0, most)

  const account = (bucket: string) => accounts.get(bucket) ?? accounts.set(bucket, new KnownAccount(standing))
  const slotsOf = (bucket: string) => slots.get(bucket) ?? slots.set(bucket, new KnownSlots(standing))

  function window(bucket: string, ends: number): KnownWindow {
    const found = windows.get(bucket)
    return found?.ends === ends ? found : windows.set(bucket, new KnownWindow(ends, standing))
  }

  function placeOf(claim: Claim): Place {
    if (claim.kind === 'money') return account(claim.bucket)
    if (claim.kind === 'slot') return slotsOf(claim.bucket)
    const found = windows.get(claim.bucket)
    const time = redisNow()
    return found && !found.idle && found.ends > time ? found : window(claim.bucket, time + claim.windowMs)
  }

  return { accounts, windows, slots, account, window, slotsOf, take: (claims) => takeAll(claims, placeOf) }
}
