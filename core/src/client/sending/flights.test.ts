import { describe, expect, test } from 'bun:test'
import { helloIn, textOf } from '../../testing/calls.ts'
import { buildTarget } from '../build-target.ts'
import { compile } from '../compile.ts'
import type { Reply, StreamReply } from '../send.ts'
import { createFlights } from './flights.ts'

const compiled = compile(
  helloIn('openai-chat', { stream: true }),
  buildTarget({ model: 'openai/gpt-4o', apiKey: 'sk-of-a-flight' }, {}),
)
const bytes = (text: string) => new TextEncoder().encode(text)

/** A call whose stream has so many blocks of ten bytes, and what became of it. */
function scene(blocks: number, kept?: number) {
  const flights = createFlights(kept)
  const seen = { calls: 0, closed: 0, pulled: 0 }
  const start = async (): Promise<Reply> => {
    seen.calls++
    let at = 0
    return {
      kind: 'stream',
      format: 'openai-chat',
      status: 200,
      headers: new Headers(),
      head: [bytes('head ')],
      async next() {
        seen.pulled++
        return at < blocks ? bytes(`block ${String(at++).padStart(4, '0')}`) : undefined
      },
      close: () => void seen.closed++,
    }
  }
  return {
    seen,
    async board(id: string, tenant = 't'): Promise<StreamReply> {
      const reply = await flights.join({ compiled, sharer: { tenant, id }, start })
      if (reply.kind !== 'stream') throw new Error('not a stream')
      return reply
    },
  }
}

async function all(reply: StreamReply): Promise<string> {
  let text = ''
  for (let block = await reply.next(); block; block = await reply.next()) text += textOf(block)
  return text
}

describe('a shared stream', () => {
  test('is pulled once, whoever reads at whatever pace', async () => {
    const { seen, board } = scene(3)
    const [a, b] = await Promise.all([board('a'), board('b')])
    expect(await all(a)).toBe('head block 0000block 0001block 0002')
    expect(seen.pulled).toBe(4)
    expect(await all(b)).toBe('head block 0000block 0001block 0002')
    expect(seen).toMatchObject({ calls: 1, pulled: 4 })
  })

  test('is not read ahead of everybody', async () => {
    const { seen, board } = scene(100)
    const reply = await board('a')
    await reply.next()
    await reply.next()
    expect(seen.pulled).toBe(1)
  })

  test('lets go of a reader that is too slow, and of nobody else', async () => {
    const { board } = scene(50, 100)
    const [quick, slow] = await Promise.all([board('quick'), board('slow')])
    await slow.next()
    expect((await all(quick)).length).toBe(5 + 50 * 10)
    expect(slow.next()).rejects.toMatchObject({ code: 'slow-request', fault: { blame: 'caller' } })
  })

  test('becomes a call of one’s own for a reader that is too slow and has taken nothing', async () => {
    const { seen, board } = scene(50, 100)
    const [quick, slow] = await Promise.all([board('quick'), board('slow')])
    await all(quick)
    expect((await all(slow)).length).toBe(5 + 50 * 10)
    expect(seen.calls).toBe(2)
    expect(slow.seat?.pays(false)).toBe(true)
  })

  test('is not boarded any more when its start is gone', async () => {
    const { seen, board } = scene(50, 100)
    const first = await board('a')
    for (let n = 0; n < 30; n++) await first.next()
    await board('b')
    expect(seen.calls).toBe(2)
  })

  test('is closed when the last has left, and paid by one', async () => {
    const { seen, board } = scene(5)
    const [a, b] = await Promise.all([board('a'), board('b')])
    expect([a.seat?.pays(true), b.seat?.pays(false)]).toEqual([false, true])
    expect(a.seat?.payer()).toBe('b')
    a.close()
    expect(seen.closed).toBe(0)
    expect(b.seat?.pays(true)).toBe(true)
    b.close()
    expect(seen.closed).toBe(1)
  })
})
