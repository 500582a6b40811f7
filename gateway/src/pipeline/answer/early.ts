import type { Call } from 'turnpike-core/internal/client/call'
import { pingFor } from 'turnpike-core/internal/client/flow/ping'
import { encodeAll } from 'turnpike-core/internal/client/flow/untouched'
import { joinBytes } from 'turnpike-core/internal/client/send'
import { formatOf } from 'turnpike-core/internal/formats/index'
import type { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Framing } from 'turnpike-core/internal/kernel/framing'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'
import type { House } from '../../house.ts'
import { version } from '../../version.ts'
import type { Grant } from '../admit.ts'
import type { Knock, Surface } from '../route.ts'
import type { Story } from '../story.ts'
import { addKey } from './headers.ts'
import { heartbeat, keepAliveMs } from './keep-alive.ts'

export interface Waiting {
  readonly knock: Knock & { readonly endpoint: Surface }
  readonly call: Call
  readonly grant: Grant
  readonly story: Story
  readonly house: House
}

/**
 * An answer that is still being asked for. A stream's caller who has heard nothing for a while is told that the line is alive: the
 * status is sent, and nothing but signs of life, so that retries and fallbacks stay possible. What fails for good after that is one
 * error event in the caller's format.
 */
export async function awaited(pending: Promise<Response>, waiting: Waiting): Promise<Response> {
  const { knock, call, grant, story } = waiting
  const quietMs = call.stream ? keepAliveMs(grant.route.group) : undefined
  if (quietMs === undefined) return pending
  let timer: ReturnType<typeof setTimeout> | undefined
  const quiet = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), quietMs)
  })
  const soon = await Promise.race([pending, quiet]).finally(() => clearTimeout(timer))
  if (soon) return soon
  const framing = knock.endpoint.framing?.(knock.query) ?? formatOf(call.format).framing
  const body = earlyBody({
    pending,
    quietMs,
    ping: pingFor(call.format, framing),
    fail: (thrown) => errorBytes(story.fail(thrown), call.format, framing),
  })
  return new Response(body, { headers: earlyHeaders(waiting, framing.contentType) })
}

interface Early {
  readonly pending: Promise<Response>
  readonly quietMs: number
  readonly ping: Uint8Array
  /** tells the story's end; what to send of it */
  fail(thrown: unknown): Uint8Array
}

function earlyBody({ pending, quietMs, ping, fail }: Early): ReadableStream<Uint8Array> {
  type Answer = ReadableStreamDefaultReader<Uint8Array> | undefined
  let answering: Promise<Answer> = Promise.resolve(undefined)
  let left = false

  async function answer(controller: ReadableStreamDefaultController<Uint8Array>): Promise<Answer> {
    const beats = heartbeat(quietMs, () => {
      if (!left && (controller.desiredSize ?? 0) >= 0) controller.enqueue(ping)
    })
    try {
      return (await pending).body?.getReader()
    } catch (thrown) {
      const told = fail(thrown)
      if (!left) controller.enqueue(told)
      return undefined
    } finally {
      beats.stop()
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(ping)
        answering = answer(controller)
      },
      async pull(controller) {
        const next = await (await answering)?.read()
        if (left) return
        if (next?.value) controller.enqueue(next.value)
        else controller.close()
      },
      async cancel() {
        left = true
        await (await answering)?.cancel()
      },
    },
    { highWaterMark: 0 },
  )
}

function errorBytes(error: GatewayError, format: FormatId, framing: Framing): Uint8Array {
  const writer = framing.write()
  return joinBytes([encodeAll(writer, [formatOf(format).server.errorFrame(error)]), ...writer.end()])
}

/** What is known before anybody has answered. */
function earlyHeaders({ knock, grant, story, house }: Waiting, contentType: string): Record<string, string> {
  const headers: Record<string, string> = {
    ...grant.headers,
    'content-type': contentType,
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
    'x-litellm-call-id': knock.callId,
    'x-litellm-version': version,
  }
  addKey(headers, story.principal(), house)
  return headers
}
