import { type NanoUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import { createBalances, unknownBalance } from './balances.ts'
import { Account } from './memory/account.ts'
import { Slots } from './memory/slots.ts'
import { Window } from './memory/window.ts'
import { createNews } from './news.ts'
import { type Place, PlacedHold, Shelf, takeAll } from './places.ts'
import type { BalanceOf, Claim, Shared, Taken, WindowClaim } from './shared.ts'

export interface MemoryPorts {
  readonly balanceOf: BalanceOf
  readonly now: () => number
  /** hears of a listener that threw */
  readonly onError?: (error: unknown) => void
  /** buckets of each kind that are kept though nobody uses them */
  readonly most?: number
  /** how long a request waits for the store */
  readonly waitMs?: number
}

/** What a process that is alone agrees on with itself. */
export function createMemoryShared(ports: MemoryPorts): Shared {
  const { balanceOf, now, onError = () => {}, most = 200_000, waitMs = 100 } = ports
  const accounts = new Shelf<Account>((account) => account.idle, most)
  const windows = new Shelf<Window>((window) => window.idle || window.endsAt <= now(), most)
  const slots = new Shelf<Slots>((place) => place.idle, most)
  const news = createNews(onError)
  const arrived = (bucket: string, balance: NanoUsd) => {
    const account = accounts.get(bucket) ?? accounts.set(bucket, new Account(balance))
    account.stored ??= balance
  }
  const openedAt = now()
  const balances = createBalances({ balanceOf, arrived, waitMs })

  function windowOf({ bucket, windowMs }: WindowClaim): Window {
    const window = windows.get(bucket)
    const time = now()
    return window && !window.idle && window.endsAt > time ? window : windows.set(bucket, new Window(time + windowMs))
  }

  const placeOf = (claim: Claim): Place => {
    if (claim.kind === 'window') return windowOf(claim)
    if (claim.kind === 'slot') return slots.get(claim.bucket) ?? slots.set(claim.bucket, new Slots())
    return accounts.get(claim.bucket) ?? accounts.set(claim.bucket, new Account(undefined))
  }

  /** Reads the balances that are not known yet; what to wait for, if anything. */
  function learn(claims: readonly Claim[]): Promise<unknown> | undefined {
    let waits: Promise<unknown>[] | undefined
    for (const { kind, bucket } of claims) {
      if (kind !== 'money' || accounts.get(bucket)?.stored !== undefined) continue
      const balance = balances.read(bucket)
      if (typeof balance === 'number') arrived(bucket, balance)
      else (waits ??= []).push(balance)
    }
    return waits && Promise.all(waits)
  }

  /** What the store will tell of must be known by then, or it would be taken for money that came from elsewhere. */
  function book(bucket: string, amount: NanoUsd): void {
    const account = accounts.get(bucket) ?? accounts.set(bucket, new Account(undefined))
    account.pending += amount
  }

  function grant(claims: readonly Claim[]): Taken {
    const placed = takeAll(claims, placeOf)
    if ('at' in placed) return { granted: false, at: placed.at, level: placed.level }
    return { granted: true, hold: new PlacedHold(claims, placed.places, book), levels: placed.levels }
  }

  function grantKnown(claims: readonly Claim[]): Taken {
    for (const claim of claims) {
      if (claim.kind !== 'money' || claim.limit === undefined) continue
      if (accounts.get(claim.bucket)?.stored !== undefined) continue
      // nobody else spends, and before that period began nobody could
      if (claim.beganAt === undefined || claim.beganAt <= openedAt) throw unknownBalance(claim)
      arrived(claim.bucket, zeroUsd)
    }
    return grant(claims)
  }

  return {
    take(claims) {
      const waits = learn(claims)
      return waits !== undefined ? waits.then(() => grantKnown(claims)) : grant(claims)
    },
    spentIn(bucket) {
      const account = accounts.get(bucket)
      return account?.stored === undefined ? undefined : (account.spent as NanoUsd)
    },
    written(entries) {
      for (const { bucket, amount, balance } of entries) {
        const account = accounts.get(bucket)
        if (!account) continue
        account.pending -= amount
        account.stored = balance
      }
    },
    correct(bucket, spent) {
      const account = accounts.get(bucket)
      if (account) account.stored = spent
    },
    publish: (topic, message) => queueMicrotask(() => news.tell(topic, message)),
    subscribe: news.hear,
    agreement: () => 'alone',
    replicas: () => 1,
    close: async () => {},
  }
}
