import { GatewayError } from '../../kernel/faults.ts'
import type { Compiled } from '../compile.ts'
import type { Reply, StreamReply } from '../send.ts'
import type { Seat, Sharer } from './seat.ts'

export interface Joining {
  readonly compiled: Compiled
  readonly sharer: Sharer
  readonly signal?: AbortSignal | undefined
  /** makes the call */
  start(signal: AbortSignal | undefined): Promise<Reply>
}

/** Calls on their way that others with the very same bytes may share. */
export interface Flights {
  has(compiled: Compiled, sharer: Sharer): boolean
  join(joining: Joining): Promise<Reply>
}

/** Bytes that are kept of a stream for those who come later or read slowly. */
const mostKept = 1 << 20

interface Member {
  readonly id: string
  at: number
}

export function createFlights(kept = mostKept): Flights {
  const flights = new Map<string, Flight[]>()

  const keyOf = ({ url, headers, body, stream }: Compiled, { tenant }: Sharer): string =>
    JSON.stringify([tenant, url, stream, body.length, Object.entries(headers).sort()])
  const find = (key: string, { body }: Compiled): Flight | undefined =>
    flights.get(key)?.find((flight) => flight.open() && same(flight.body, body))

  return {
    has: (compiled, sharer) => find(keyOf(compiled, sharer), compiled) !== undefined,
    join(joining) {
      const key = keyOf(joining.compiled, joining.sharer)
      const known = find(key, joining.compiled)
      if (known) return known.board(joining)
      const flight = takeOff(joining, kept, () => {
        const left = (flights.get(key) ?? []).filter((one) => one !== flight)
        if (left.length > 0) flights.set(key, left)
        else flights.delete(key)
      })
      flights.set(key, [...(flights.get(key) ?? []), flight])
      return flight.board(joining)
    },
  }
}

interface Flight {
  readonly body: Uint8Array
  open(): boolean
  board(joining: Joining): Promise<Reply>
}

function takeOff({ compiled, start }: Joining, kept: number, landed: () => void): Flight {
  const line = new AbortController()
  const aboard: Member[] = []
  const track = tracks(kept, landed)
  let payer: Member | undefined
  // started by the first who boards, so that nothing is sent for nobody
  let calling: Promise<Reply> | undefined

  function leave(member: Member): void {
    const place = aboard.indexOf(member)
    if (place < 0) return
    aboard.splice(place, 1)
    if (aboard.length > 0) return
    landed()
    track.close()
    line.abort()
  }

  function seatOf(member: Member): Seat {
    return {
      pays(leaving) {
        const next = aboard.find((other) => other !== member)
        if (payer === member && leaving && next && !track.over()) payer = next
        return payer === member
      },
      payer: () => payer?.id ?? member.id,
      unread: () => track.from(member.at),
    }
  }

  return {
    body: compiled.body,
    open: () => !track.over() && track.whole() && (calling === undefined || aboard.length > 0),
    async board(joining) {
      const member: Member = { id: joining.sharer.id, at: 0 }
      aboard.push(member)
      payer ??= member
      calling ??= start(line.signal).then(
        (reply) => {
          if (reply.kind === 'stream') track.carry(reply)
          else landed()
          return reply
        },
        (thrown: unknown) => {
          landed()
          throw thrown
        },
      )
      const seat = seatOf(member)
      try {
        const reply = await orGone(calling, joining.signal)
        if (reply.kind === 'stream') return streamFor({ reply, member, track, seat, leave, joining })
        return { ...reply, seat }
      } catch (thrown) {
        seat.pays(true)
        leave(member)
        throw thrown
      }
    },
  }
}

/** The blocks of a stream, pulled as fast as the fastest takes them, kept up to a bound. */
function tracks(kept: number, landed: () => void) {
  const blocks: Uint8Array[] = []
  let [first, size] = [0, 0]
  let reply: StreamReply | undefined
  let pulling: Promise<void> | undefined
  let end: { readonly thrown?: unknown } | undefined

  async function pull(): Promise<void> {
    try {
      const block = await reply?.next()
      if (block) keep(block)
      else end = {}
    } catch (thrown) {
      end = { thrown }
    }
    if (end) landed()
    pulling = undefined
  }

  function keep(block: Uint8Array): void {
    blocks.push(block)
    size += block.length
    for (; size > kept && blocks.length > 1; first++) size -= blocks.shift()?.length ?? 0
  }

  return {
    carry(given: StreamReply) {
      reply = given
      for (const block of given.head) keep(block)
    },
    close: () => reply?.close(),
    over: () => end !== undefined,
    /** whether all of it is still there */
    whole: () => first === 0,
    lost: (at: number) => at < first,
    from: (at: number): readonly Uint8Array[] => blocks.slice(Math.max(0, at - first)),
    /** a block by its number in the stream; never one that is lost */
    async take(at: number): Promise<Uint8Array | undefined> {
      while (at - first >= blocks.length) {
        if (end && 'thrown' in end) throw end.thrown
        if (end) return undefined
        await (pulling ??= pull())
      }
      if (at < first) throw tooSlow()
      return blocks[at - first]
    },
  }
}

interface Riding {
  readonly reply: StreamReply
  readonly member: Member
  readonly track: ReturnType<typeof tracks>
  readonly seat: Seat
  readonly leave: (member: Member) => void
  readonly joining: Joining
}

/** One member's own view of the stream. Who falls behind what is kept is cut loose: with a call of its own where it has taken nothing yet. */
function streamFor({ reply, member, track, seat, leave, joining }: Riding): StreamReply {
  let own: Promise<Reply> | undefined
  let seated = true
  let queue: Uint8Array[] = []

  async function alone(): Promise<Uint8Array | undefined> {
    if (!own) {
      seat.pays(true)
      seated = false
      leave(member)
      own = joining.start(joining.signal)
      const first = await own
      queue = first.kind === 'stream' ? [...first.head] : [first.bytes]
    }
    const made = await own
    return queue.shift() ?? (made.kind === 'stream' ? made.next() : undefined)
  }

  return {
    ...reply,
    head: [],
    seat: {
      pays: (leaving) => !seated || seat.pays(leaving),
      payer: () => (seated ? seat.payer() : member.id),
      unread: () => (seated ? seat.unread() : []),
    },
    async next() {
      if (own) return alone()
      if (track.lost(member.at)) {
        if (member.at === 0) return alone()
        throw tooSlow()
      }
      const block = await track.take(member.at)
      if (block) member.at++
      return block
    },
    close() {
      leave(member)
      own?.then((made) => made.kind === 'stream' && made.close()).catch(() => {})
    },
  }
}

function tooSlow(): GatewayError {
  return new GatewayError(
    'slow-request',
    'The answer is shared with others, and was read too slowly to be kept any longer.',
  )
}

/** The result, unless the caller leaves first. */
function orGone<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result
  result.catch(() => {})
  return new Promise((resolve, reject) => {
    const gone = (): void =>
      reject(new GatewayError('client-gone', 'The caller closed the connection before the answer was complete.'))
    if (signal.aborted) return gone()
    signal.addEventListener('abort', gone, { once: true })
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', gone))
  })
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
