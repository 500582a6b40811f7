import type { FaultCode } from '../../kernel/faults.ts'
import { Window } from './window.ts'

const minuteMs = 60_000

/** Weight of the newest sample in the moving average, and the time in which what it says fades to a third. */
const newest = 0.3
const fadeMs = 30_000

/** A deployment that is being tried once after its cooldown and has not answered may be tried again after this. */
const probeMs = 10_000

/** How much slower than usual an attempt counts that ran into its deadline. */
const timeoutFactor = 10

/** The recent life of one deployment: counters of the minute, the newest timings, and whether it is out of rotation. */
export class Life {
  readonly id: string
  readonly latencies: Window
  readonly firstBytes: Window
  inFlight = 0
  coolingUntil = 0
  cause: FaultCode | undefined
  /** has been out of rotation and not answered since */
  halfOpen = false
  /** what the provider's own limits leave of themselves, by what it last said, and until when that holds */
  headroom = 1
  headroomUntil = 0
  requests = 0
  tokens = 0
  successes = 0
  failures = 0
  answeredAt = Number.NEGATIVE_INFINITY
  /** times of the failures within the current cooldown's length, for `allowedFails` */
  recent: number[] = []
  #minute = 0
  #probedAt = Number.NEGATIVE_INFINITY
  #average: number | undefined
  #averageAt = 0

  constructor(id: string, windowSize: number, windowMs: number) {
    this.id = id
    this.latencies = new Window(windowSize, windowMs)
    this.firstBytes = new Window(windowSize, windowMs)
  }

  /** begins the counters anew when the minute is another */
  turn(at: number): void {
    const minute = Math.floor(at / minuteMs)
    if (minute === this.#minute) return
    this.#minute = minute
    this.requests = this.tokens = this.successes = this.failures = 0
  }

  /** an attempt goes upstream; what it does to the counters ends with what is returned */
  begin(tokens: number, at: number): Claim {
    this.turn(at)
    this.inFlight++
    this.requests++
    this.tokens += tokens
    if (this.halfOpen && at >= this.coolingUntil) this.#probedAt = at
    return new Claim(this, tokens, this.#minute)
  }

  /** the minute that the counters are of */
  get minute(): number {
    return this.#minute
  }

  /** out of rotation, or being tried by somebody else to see whether it is back */
  isOut(at: number): boolean {
    return at < this.coolingUntil || (this.halfOpen && at - this.#probedAt < probeMs)
  }

  /** whoever tried whether it is back found out nothing, or that it lives */
  unprobed(lives: boolean): void {
    if (lives) this.halfOpen = false
    this.#probedAt = Number.NEGATIVE_INFINITY
  }

  /** what the provider says is left of its limits, until they are whole again */
  told(headroom: number, until: number): void {
    this.headroom = headroom
    this.headroomUntil = until
  }

  /** has given content */
  recovered(at: number): void {
    this.answeredAt = at
    this.halfOpen = false
    this.#probedAt = Number.NEGATIVE_INFINITY
  }

  cool(until: number, cause: FaultCode): void {
    if (until < this.coolingUntil) return
    this.coolingUntil = until
    this.cause = cause
    this.halfOpen = true
    this.#probedAt = Number.NEGATIVE_INFINITY
  }

  timed(msPerToken: number, at: number): void {
    this.latencies.add(msPerToken, at)
    const known = this.#average
    this.#average = known === undefined ? msPerToken : known + newest * (msPerToken - known)
    this.#averageAt = at
  }

  timedOut(penaltyMs: number, at: number): void {
    this.latencies.add(penaltyMs, at)
    this.#average = Math.min(penaltyMs, (this.#average ?? 1000) * timeoutFactor)
    this.#averageAt = at
  }

  /** the moving average of the milliseconds per token; fades, so that whoever was slow is tried again */
  average(at: number): number | undefined {
    if (this.#average === undefined) return undefined
    return this.#average * Math.exp(-(at - this.#averageAt) / fadeMs)
  }
}

/** What one attempt has put on a deployment's counters. */
export class Claim {
  readonly life: Life
  /** by estimate */
  readonly tokens: number
  readonly #minute: number

  constructor(life: Life, tokens: number, minute: number) {
    this.life = life
    this.tokens = tokens
    this.#minute = minute
  }

  /** over, with what it really took */
  end(tokens: number, at: number): void {
    this.life.inFlight--
    this.life.turn(at)
    if (this.life.minute === this.#minute) this.life.tokens += tokens - this.tokens
  }

  /** never made: nothing of it counts */
  undo(at: number): void {
    this.end(0, at)
    if (this.life.minute === this.#minute) this.life.requests--
  }
}
