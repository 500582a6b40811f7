import { type Balances, unknownBalance } from '../balances.ts'
import type { Claim, Level, Taken } from '../shared.ts'
import { RedisHold } from './hold.ts'
import type { KnownAccount } from './known/account.ts'
import { isNew } from './known/standing.ts'
import type { Session } from './session.ts'
import { type Keys, keyOf, type RedisLevel, type Reply, readReply, wordsOf } from './wire.ts'

export interface TakePorts {
  readonly session: Session
  readonly keys: Keys
  readonly balances: Balances
}

/** The money claims of a request as they were when Redis was asked. */
interface Asked {
  readonly accounts: readonly (KnownAccount | undefined)[]
  readonly settled: readonly number[]
  readonly seeds: readonly string[]
}

type Granted = Extract<Reply, { readonly kind: 'granted' }>

/** Takes in Redis; within this process' own share where Redis does not answer in time. */
export async function takeShared(claims: readonly Claim[], ports: TakePorts): Promise<Taken> {
  const { session } = ports
  const accounts = claims.map((claim) => (claim.kind === 'money' ? session.known.account(claim.bucket) : undefined))
  for (const account of accounts) account?.pin()
  try {
    let seeds: readonly string[] = claims.map(() => '')
    for (let round = 0; round < 3; round++) {
      const asked = { accounts, seeds, settled: accounts.map((account) => account?.settled ?? 0) }
      const answer = ask(claims, asked, ports)
      const reply = await session.link.soon(answer).catch(() => 'lost' as const)
      if (reply === undefined) return await takeMeanwhile(claims, answer, ports)
      if (reply === 'lost') break
      if (reply.kind === 'granted') return granted({ claims, asked, reply }, ports)
      if (reply.kind === 'refused') return refused({ claims, asked, reply }, ports)
      if (reply.kind === 'outside') {
        session.link.cut('it has forgotten this process')
        break
      }
      seeds = await seedsFor({ claims, asked, needed: reply.needed }, ports)
    }
  } finally {
    for (const account of accounts) account?.unpin()
  }
  return takeAlone(claims, ports)
}

/** Takes within this process' own share. */
export function takeAlone(
  claims: readonly Claim[],
  ports: TakePorts,
  there: boolean | Promise<boolean> = false,
): Taken | Promise<Taken> {
  const { session, balances } = ports
  let waits: Promise<unknown>[] | undefined
  for (const { kind, bucket } of claims) {
    if (kind !== 'money') continue
    const account = session.known.account(bucket)
    if (account.spent !== undefined) continue
    const balance = balances.read(bucket)
    if (typeof balance === 'number') account.seed(balance)
    else (waits ??= []).push(balance)
  }
  return waits ? Promise.all(waits).then(() => place(claims, ports, there)) : place(claims, ports, there)
}

function place(claims: readonly Claim[], { session, keys }: TakePorts, there: boolean | Promise<boolean>): Taken {
  for (const claim of claims) {
    if (claim.kind !== 'money' || claim.limit === undefined) continue
    const account = session.known.account(claim.bucket)
    if (account.spent !== undefined) continue
    if (!isNew(claim, session.standing)) throw unknownBalance(claim)
    account.seed(0)
  }
  const placed = session.known.take(claims)
  if ('at' in placed) return { granted: false, at: placed.at, level: placed.level }
  const hold = new RedisHold({ session, keys, claims, places: placed.places, there })
  return { granted: true, hold, levels: placed.levels }
}

/** The answer of Redis is late: goes on alone, and makes good when it comes. */
async function takeMeanwhile(claims: readonly Claim[], answer: Promise<Reply>, ports: TakePorts): Promise<Taken> {
  const { session, keys } = ports
  const { life } = session.standing
  const late = answer.catch(() => undefined)
  const there = late.then((reply) => reply?.kind === 'granted')
  let taken: Taken | undefined
  try {
    taken = await takeAlone(claims, ports, there)
    return taken
  } finally {
    if (!taken?.granted)
      void late.then((reply) => {
        if (reply?.kind !== 'granted' || session.standing.life !== life || !session.standing.joined) return
        session.tell(
          claims.map((claim, at) => {
            const key = keyOf(claim, keys)
            if (claim.kind === 'slot') return { change: { what: 'free', key, first: 0 } }
            if (claim.kind === 'money') return { change: { what: 'give', key, first: claim.amount } }
            return { change: { what: 'window', key, first: -claim.amount, second: reply.levels[at]?.ends ?? 0 } }
          }),
        )
      })
  }
}

function ask(claims: readonly Claim[], { seeds }: Asked, { session, keys }: TakePorts): Promise<Reply> {
  const words = claims.flatMap((claim, at) => wordsOf(claim, seeds[at] ?? ''))
  return session
    .take(
      claims.map((claim) => keyOf(claim, keys)),
      words,
    )
    .then(readReply)
}

interface Told<R> {
  readonly claims: readonly Claim[]
  readonly asked: Asked
  readonly reply: R
}

function granted({ claims, asked, reply }: Told<Granted>, { session, keys }: TakePorts): Taken {
  session.clock(reply.now)
  const levels: Level[] = []
  const places = claims.map((claim, at) => {
    const level = reply.levels[at] ?? { used: 0, reserved: 0, ends: 0 }
    levels.push(levelOf(claim, level, session))
    if (claim.kind === 'money') {
      const account = session.known.account(claim.bucket)
      account.granted(claim.amount, spentOf(asked, at, level), asked.settled[at] ?? 0)
      return account
    }
    if (claim.kind === 'window') {
      const window = session.known.window(claim.bucket, level.ends)
      window.heard(level.used)
      return window
    }
    const slots = session.known.slotsOf(claim.bucket)
    slots.granted()
    return slots
  })
  return { granted: true, levels, hold: new RedisHold({ session, keys, claims, places, there: true }) }
}

function refused(
  { claims, asked, reply }: Told<Extract<Reply, { readonly kind: 'refused' }>>,
  { session }: TakePorts,
): Taken {
  session.clock(reply.now)
  const { at, level } = reply
  const claim = claims[at]
  asked.accounts[at]?.heard(spentOf(asked, at, level), asked.settled[at] ?? 0)
  return { granted: false, at, level: claim ? levelOf(claim, level, session) : level }
}

/** Nobody could tell what is spent there, so neither can Redis. */
function spentOf({ seeds }: Asked, at: number, { used }: RedisLevel): number | undefined {
  return seeds[at] === '?' ? undefined : used
}

function levelOf({ kind }: Claim, { used, reserved, ends }: RedisLevel, { standing }: Session): Level {
  return kind === 'window' ? { used, reserved, resetAt: ends - standing.ahead } : { used, reserved }
}

interface Needed {
  readonly claims: readonly Claim[]
  readonly asked: Asked
  readonly needed: readonly number[]
}

/** The balances that Redis does not know, from the store. A claim without a limit can do without. */
async function seedsFor(
  { claims, asked, needed }: Needed,
  { balances, session }: TakePorts,
): Promise<readonly string[]> {
  const seeds = [...asked.seeds]
  const read = async (at: number) => {
    const claim = claims[at]
    if (!claim) return
    const balance = (await balances.read(claim.bucket)) ?? (isNew(claim, session.standing) ? 0 : undefined)
    if (balance === undefined && claim.limit !== undefined) throw unknownBalance(claim)
    seeds[at] = balance === undefined ? '?' : String(asked.accounts[at]?.seedFor(balance) ?? balance)
  }
  await Promise.all(needed.map(read))
  return seeds
}
