import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { keyBucket } from '../store/balances.ts'
import { type Period, periodAt, readDuration } from './period.ts'

/** One bucket as this process knows it. What is spent is `stored + pending`. */
export interface Account {
  readonly bucket: string
  /** what the store has */
  stored: NanoUsd
  /** settled here and not yet in the store */
  pending: NanoUsd
  /** set aside for requests that are running */
  reserved: NanoUsd
  /** of a key's own account: the budget duration last seen on the key */
  duration?: string
}

export function spentIn(account: Account): NanoUsd {
  return (account.stored + account.pending) as NanoUsd
}

/** The accounts in memory. One is read from the store when it is first touched: until then nothing of it can be unwritten. */
export interface Accounts {
  of(bucket: string): Account
  ofKey(keyHash: string): Account
  /** the account of the period that `time` lies in, for a key with that budget duration; undefined when it cannot be read */
  ofPeriod(
    keyHash: string,
    duration: string,
    time: number,
  ): { readonly account: Account; readonly period: Period } | undefined
}

export function createAccounts(balanceOf: (bucket: string) => NanoUsd, most = 200_000): Accounts {
  const accounts = new Map<string, Account>()

  function of(bucket: string): Account {
    let account = accounts.get(bucket)
    if (!account) {
      if (accounts.size >= most) dropIdle()
      account = { bucket, stored: balanceOf(bucket), pending: 0 as NanoUsd, reserved: 0 as NanoUsd }
      accounts.set(bucket, account)
    }
    return account
  }

  /** Makes room by forgetting the oldest that the store knows all about, a tenth at a time. */
  function dropIdle(): void {
    let left = Math.ceil(most / 10)
    for (const [bucket, { pending, reserved }] of accounts) {
      if (pending !== 0 || reserved !== 0) continue
      accounts.delete(bucket)
      if (--left === 0) return
    }
  }

  return {
    of,
    ofKey: (keyHash) => of(keyBucket(keyHash)),
    ofPeriod(keyHash, duration, time) {
      const length = readDuration(duration)
      if (!length) return undefined
      const period = periodAt(length, time)
      return { account: of(`${keyBucket(keyHash)}:${duration}:${period.index}`), period }
    },
  }
}
