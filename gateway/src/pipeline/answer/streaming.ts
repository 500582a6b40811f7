import type { Flow } from 'turnpike-core/internal/client/flow/flow'
import type { StreamReply } from 'turnpike-core/internal/client/send'
import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Story } from '../story.ts'
import type { Resume } from './continue.ts'
import { heartbeat } from './keep-alive.ts'

/** How long an answer is read on after its caller has left. */
const drainMs = 60_000

interface Streaming {
  readonly reply: StreamReply
  readonly flow: Flow
  readonly story: Story
  /** whether the answer is read to its end though nobody takes it, because the provider bills it anyway */
  readonly drains: boolean
  /** finds who goes on when the answer breaks off */
  readonly resume: Resume | undefined
  /** what is sent when the answer has been silent for so long, and what is told between two events */
  readonly alive: { readonly quietMs: number | undefined; readonly ping: Uint8Array; remark(text: string): Uint8Array }
}

/** Pulls blocks from the provider as the caller takes them; what is not taken any more is drained or cut. */
export function streamBody({
  reply: given,
  flow,
  story,
  drains,
  alive,
  resume,
}: Streaming): ReadableStream<Uint8Array> {
  let reply = given
  let at = 0
  let over = false
  let running = false
  let left: GatewayError | undefined
  let taker: ReadableStreamDefaultController<Uint8Array> | undefined
  // only behind a whole event, and never in front of bytes that the caller has not taken yet
  const beats = heartbeat(alive.quietMs, () => {
    if (!over && !left && taker && (taker.desiredSize ?? 0) >= 0 && flow.between()) taker.enqueue(alive.ping)
  })

  function settle(error?: GatewayError): void {
    if (over) return
    over = true
    beats.stop()
    reply.close()
    const told = error ?? flow.failure() ?? left
    // who pays for a shared answer pays for what the others have read of it as well
    if (told) for (const block of reply.seat?.unread() ?? []) flow.push(block)
    const outcome = told === undefined ? 'answered' : told.code === 'client-gone' ? 'abandoned' : 'failed'
    story.settle({
      outcome,
      status: told === undefined ? 200 : told.status,
      usage: flow.usage(),
      serviceTier: flow.serviceTier(),
      error: told,
    })
  }

  /** One step: a block of the answer taken and handed on. Whether the caller has something now, or there is no more. */
  async function step(): Promise<boolean> {
    const next = reply.head[at++] ?? (await reply.next())
    if (over) return true
    const out = next ? flow.push(next) : flow.end()
    hand(out)
    const broken = resume && flow.failure()
    if (broken) throw broken
    if (next) return out.length > 0 && !left
    if (!left) taker?.close()
    settle()
    return true
  }

  function hand(out: Uint8Array): void {
    story.said(out)
    if (out.length === 0 || left) return
    beats.heard()
    taker?.enqueue(out)
  }

  /** Goes on with another answer, or ends with the failure. Whether it ended. */
  async function fall(thrown: unknown): Promise<boolean> {
    if (over) return true
    const error = isGatewayError(thrown)
      ? thrown
      : new GatewayError('internal', 'Internal server error', { cause: thrown })
    reply.close()
    const next = left ? undefined : await resume?.(error)
    if (over) {
      next?.reply.close()
      return true
    }
    if (next) {
      reply = next.reply
      at = 0
      hand(alive.remark(`x-turnpike-continued: ${next.deployment}`))
      return false
    }
    if (!left && error.code !== 'client-gone') taker?.enqueue(flow.fail(error))
    if (!left) taker?.close()
    settle(left ?? error)
    return true
  }

  /** Up to the next bytes for the caller, or, when it has left, to the end. */
  async function run(controller?: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    running = true
    taker = controller
    try {
      while (!(await step().catch(fall)));
    } finally {
      running = false
      taker = undefined
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      pull: run,
      cancel() {
        if (over) return
        left = new GatewayError('client-gone', 'The caller closed the connection before the answer was complete.')
        if (!drains) return settle(left)
        const timer = setTimeout(() => settle(left), drainMs)
        timer.unref?.()
        if (!running) void run().finally(() => clearTimeout(timer))
      },
    },
    { highWaterMark: 0 },
  )
}
