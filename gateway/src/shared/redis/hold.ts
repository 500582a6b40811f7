import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { amountOf, type Place } from '../places.ts'
import type { Claim, Hold } from '../shared.ts'
import type { Missed } from './catch-up.ts'
import { KnownWindow } from './known/window.ts'
import type { Session } from './session.ts'
import { type Keys, keyOf } from './wire.ts'

export interface HoldPorts {
  readonly session: Session
  readonly keys: Keys
  readonly claims: readonly Claim[]
  readonly places: readonly Place[]
  /** whether Redis has it: yes, no, or not known yet because its answer is late */
  readonly there: boolean | Promise<boolean>
}

type Also = readonly (readonly [bucket: string, amount: NanoUsd])[]

/** What was set aside, in this process and as a rule in Redis. */
export class RedisHold implements Hold {
  readonly #ports: HoldPorts
  readonly #life: number
  #open = true

  constructor(ports: HoldPorts) {
    this.#ports = ports
    this.#life = ports.session.standing.life
  }

  settle(amounts: readonly (number | undefined)[], also: Also = []): void {
    if (!this.#open) return
    this.#open = false
    const { session, claims, places } = this.#ports
    for (const [at, place] of places.entries()) place.settle(amountOf(claims[at]!), amounts[at])
    for (const [bucket, amount] of also) session.known.account(bucket).book(amount)
    if (session.standing.joined) this.#tell(amounts, also)
    else this.#owe(amounts, also)
  }

  #tell(amounts: readonly (number | undefined)[], also: Also): void {
    const { session, there } = this.#ports
    // whatever this process held when it got its present name was carried over to it
    const known = this.#life === session.standing.life ? there : true
    session.tell([...this.#changes(amounts, { held: known === true, spends: true }), ...this.#spends(also)])
    if (typeof known === 'boolean') return
    void known.then((granted) => {
      const { joined, life } = session.standing
      if (granted && joined && life === this.#life) session.tell(this.#changes(amounts, { held: true, spends: false }))
    })
  }

  /** Where this process never asked what is spent, others hear of it when it is in the store. */
  #spends(also: Also): readonly Missed[] {
    const { session, keys } = this.#ports
    return also
      .filter(([bucket]) => session.known.accounts.get(bucket)?.spent !== undefined)
      .map(([bucket, first]) => ({
        change: { what: 'spend', key: keys.money(bucket), first },
        lost: () => session.outbox.owe(bucket, first),
      }))
  }

  #owe(amounts: readonly (number | undefined)[], also: Also): void {
    const { session, claims } = this.#ports
    for (const [at, { kind, bucket }] of claims.entries())
      if (kind === 'money') session.outbox.owe(bucket, amounts[at] ?? 0)
    for (const [bucket, amount] of also) session.outbox.owe(bucket, amount)
  }

  #changes(amounts: readonly (number | undefined)[], what: { held: boolean; spends: boolean }): readonly Missed[] {
    return this.#ports.claims.flatMap((claim, at) => this.#changesOf(claim, { at, actual: amounts[at], ...what }))
  }

  #changesOf(
    claim: Claim,
    { at, actual, held, spends }: { at: number; actual: number | undefined; held: boolean; spends: boolean },
  ): readonly Missed[] {
    const { session, keys, places } = this.#ports
    const key = keyOf(claim, keys)
    if (claim.kind === 'slot') return held ? [{ change: { what: 'free', key, first: 0 } }] : []
    if (claim.kind === 'window') {
      const place = places[at]
      if (!held || actual === undefined || actual === claim.amount || !(place instanceof KnownWindow)) return []
      return [{ change: { what: 'window', key, first: actual - claim.amount, second: place.ends } }]
    }
    const spent = spends ? (actual ?? 0) : 0
    const given = held ? claim.amount : 0
    if (spent === 0 && given === 0) return []
    const lost = () => session.outbox.owe(claim.bucket, spent)
    return [{ change: { what: 'give', key, first: given, second: spent }, lost }]
  }
}
