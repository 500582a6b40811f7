import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { within } from './deadline.ts'
import type { BalanceOf, Claim } from './shared.ts'

/** The store's balances, read once at a time for each bucket and never waited for longer than a request may. */
export interface Balances {
  /** the balance, at once where the store can; undefined when it fails or is too slow: `arrived` hears of it when it comes after all */
  read(bucket: string): NanoUsd | Promise<NanoUsd | undefined>
}

export interface BalancesPorts {
  readonly balanceOf: BalanceOf
  readonly arrived: (bucket: string, balance: NanoUsd) => void
  readonly waitMs: number
}

export function createBalances({ balanceOf, arrived, waitMs }: BalancesPorts): Balances {
  const reading = new Map<string, Promise<NanoUsd | undefined>>()

  function read(bucket: string): NanoUsd | Promise<NanoUsd | undefined> {
    const under = reading.get(bucket)
    if (under !== undefined) return within(under, waitMs)
    let answer: NanoUsd | Promise<NanoUsd>
    try {
      answer = balanceOf(bucket)
    } catch {
      return Promise.resolve(undefined)
    }
    if (typeof answer === 'number') return answer
    const settled = answer.then(
      (balance) => {
        reading.delete(bucket)
        arrived(bucket, balance)
        return balance
      },
      () => {
        reading.delete(bucket)
        return undefined
      },
    )
    reading.set(bucket, settled)
    return within(settled, waitMs)
  }

  return { read }
}

/** A budget whose balance nobody can tell is not spent from. */
export function unknownBalance(claim: Claim): GatewayError {
  return new GatewayError(
    'store-down',
    `What is spent in ${claim.bucket} cannot be read from the store at the moment, so its budget cannot be checked; try again shortly`,
    { retryAfterMs: 1000 },
  )
}
