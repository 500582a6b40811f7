import type { Deployment } from '../../deployment.ts'
import type { Health } from '../../health/health.ts'
import type { Life } from '../../health/life.ts'
import type { Group } from '../../pool.ts'
import { priceFor } from '../../price.ts'
import type { Candidate } from '../../strategies/strategy.ts'
import { type Lacks, lacksOf } from './needs.ts'

/** The moment for which candidates tell of themselves; there is one per health, so that the clock is read once per choice. */
interface Moment {
  at: number
  minute: number
}

/** A deployment of a group as the strategies see it: what it says is read when it is asked for, so that a choice makes no objects. */
export class Member implements Candidate {
  readonly deployment: Deployment
  readonly life: Life
  /** what its profile says that it cannot do; undefined when nothing */
  readonly lacks: Lacks | undefined
  readonly #moment: Moment
  #price: number | undefined
  #pricedIn = -1

  constructor(deployment: Deployment, life: Life, moment: Moment) {
    this.deployment = deployment
    this.life = life
    this.lacks = lacksOf(deployment)
    this.#moment = moment
  }

  get inFlight(): number {
    return this.life.inFlight
  }
  get latency(): number | undefined {
    return this.life.latencies.mean(this.#moment.at)
  }
  get firstByteLatency(): number | undefined {
    return this.life.firstBytes.mean(this.#moment.at)
  }
  get ewma(): number | undefined {
    return this.life.average(this.#moment.at)
  }
  get tokensThisMinute(): number {
    this.life.turn(this.#moment.at)
    return this.life.tokens
  }
  get requestsThisMinute(): number {
    this.life.turn(this.#moment.at)
    return this.life.requests
  }
  get headroom(): number {
    return this.life.headroomUntil > this.#moment.at ? this.life.headroom : 1
  }

  /** Prices may change by the hour: looked up once a minute. */
  get price(): number | undefined {
    const { minute } = this.#moment
    if (minute !== this.#pricedIn) {
      const rates = priceFor(this.deployment, this.#moment.at)?.rates
      this.#price = rates && (rates.input ?? 0) + (rates.output ?? 0)
      this.#pricedIn = minute
    }
    return this.#price
  }

  /** whether one more request of so many tokens would pass its own limits of the minute; the first one never does by its size */
  isFull(tokens: number): boolean {
    const { rpm, tpm } = this.deployment
    if (rpm !== undefined && this.requestsThisMinute + 1 > rpm) return true
    const used = this.tokensThisMinute
    return tpm !== undefined && used > 0 && used + tokens > tpm
  }
}

/** A group with the lives of its deployments, and what its deployments make worth looking at. */
export interface Roster {
  readonly group: Group
  readonly members: readonly Member[]
  /** sets the moment that the members tell of */
  at(moment: number): void
  /** it has but one deployment in all */
  readonly lone: boolean
  /** some have rpm or tpm */
  readonly limited: boolean
  /** some take only so many calls at once */
  readonly seated: boolean
  /** some may be overtaken by another, or share its call */
  readonly raced: boolean
  /** some are later than others */
  readonly ordered: boolean
  /** their order levels, lowest first */
  readonly levels: readonly number[]
  /** some lack something that a call may need */
  readonly partial: boolean
  /** some belong to one team alone */
  readonly owned: boolean
}

/** Makes the roster of a group once and keeps it as long as the group is used. */
export function rostersOf(health: Health): (group: Group) => Roster {
  const rosters = new WeakMap<Group, Roster>()
  const moment: Moment = { at: 0, minute: 0 }
  return (group) => {
    let roster = rosters.get(group)
    if (!roster) rosters.set(group, (roster = build(group, health, moment)))
    return roster
  }
}

function build(group: Group, health: Health, moment: Moment): Roster {
  const { deployments } = group
  const members = deployments.map((deployment) => new Member(deployment, health.of(deployment.id), moment))
  const levels = [...new Set(deployments.map(orderOf))].sort((a, b) => a - b)
  return {
    group,
    members,
    at(at) {
      moment.at = at
      moment.minute = Math.floor(at / 60_000)
    },
    lone: (group.size ?? deployments.length) === 1,
    limited: deployments.some(({ rpm, tpm }) => rpm !== undefined || tpm !== undefined),
    seated: deployments.some(({ maxParallel }) => maxParallel !== undefined),
    raced: deployments.some(({ settings }) => settings?.hedge !== undefined || settings?.singleFlight === true),
    ordered: levels.length > 1,
    levels,
    partial: members.some(({ lacks }) => lacks !== undefined),
    owned: deployments.some(({ teamId }) => teamId !== undefined),
  }
}

export function orderOf({ order }: Deployment): number {
  return order ?? 0
}
