import type { Flow } from 'turnpike-core/internal/client/flow/flow'
import type { StreamReply } from 'turnpike-core/internal/client/send'
import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Story } from '../story.ts'
import { heartbeat } from './keep-alive.ts'

/** How long an answer is read on after its caller has left. */
const drainMs = 60_000

interface Streaming {
  readonly reply: StreamReply
  readonly flow: Flow
  readonly story: Story
  /** whether the answer is read to its end though nobody takes it, because the provider bills it anyway */
  readonly drains: boolean
  /** what is sent when the answer has been silent for so long */
  readonly alive: { readonly quietMs: number | undefined; readonly ping: Uint8Array }
}

/** Pulls blocks from the provider as the caller takes them; what is not taken any more is drained or cut. */
export function streamBody({ reply, flow, story, drains, alive }: Streaming): ReadableStream<Uint8Array> {
  let at = 0
  let over = false
  let running = false
  let left: GatewayError | undefined
  let pull: ReadableStreamDefaultController<Uint8Array> | undefined
  // only behind a whole event, and never in front of bytes that the caller has not taken yet
  const beats = heartbeat(alive.quietMs, () => {
    if (!over && !left && pull && (pull.desiredSize ?? 0) >= 0 && flow.between()) pull.enqueue(alive.ping)
  })

  function settle(error?: GatewayError): void {
    if (over) return
    over = true
    beats.stop()
    reply.close()
    const told = error ?? flow.failure() ?? left
    const outcome = told === undefined ? 'answered' : told.code === 'client-gone' ? 'abandoned' : 'failed'
    story.settle({
      outcome,
      status: told === undefined ? 200 : told.status,
      usage: flow.usage(),
      serviceTier: flow.serviceTier(),
      error: told,
    })
  }

  /** Up to the next bytes for the caller, or, when it has left, to the end. */
  async function run(controller?: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    running = true
    pull = controller
    try {
      for (;;) {
        const next = reply.head[at++] ?? (await reply.next())
        if (over) return
        const out = next ? flow.push(next) : flow.end()
        story.said(out)
        if (out.length > 0 && !left) {
          beats.heard()
          controller?.enqueue(out)
        }
        if (!next) {
          if (!left) controller?.close()
          return settle()
        }
        if (out.length > 0 && !left) return
      }
    } catch (thrown) {
      if (over) return
      const error = isGatewayError(thrown)
        ? thrown
        : new GatewayError('internal', 'Internal server error', { cause: thrown })
      if (!left && error.code !== 'client-gone') controller?.enqueue(flow.fail(error))
      if (!left) controller?.close()
      settle(left ?? error)
    } finally {
      running = false
      pull = undefined
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
