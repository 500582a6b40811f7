import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { type TestHouse, testHouse } from '../house.ts'
import { chat, doors, knock, until, wildcards } from '../laws/doors.ts'
import { post, type RawProvider, rawProvider } from './raw.ts'

let house: TestHouse
let silent: RawProvider
let at: { url: string; key: string }

beforeAll(async () => {
  silent = await rawProvider(() => {})
  house = await testHouse({
    models: (place) => [
      ...wildcards(place),
      { model_name: 'silent', litellm_params: { model: 'openai/m', api_base: silent.url } },
    ],
  })
  at = { url: house.url, key: await house.key() }
})
afterAll(async () => {
  silent.close()
  await house.close()
})

const everyDoor = doors.flatMap((door) => [door.own, door.foreign].map((group) => [door.format, group, door] as const))
const asked = (mark: string) => house.provider.requests.filter(({ body }) => body.includes(mark))
const rowsOf = async (mark: string) => {
  await house.gateway.house.ledger.flush()
  const rows = await house.gateway.house.store.ledger.find({}, 1000)
  return rows.filter(({ tags }) => tags.includes(mark))
}

describe('a caller who leaves', () => {
  test.concurrent.each(everyDoor)(
    'within a stream frees the provider at once: %s, provider %s',
    async (_, group, door) => {
      const mark = `within-${door.format}-${group}`
      const controller = new AbortController()
      const response = await fetch(
        knock(door, at, {
          model: `${group}/count:1000+slow-chunks:30`,
          text: mark,
          stream: true,
          signal: controller.signal,
          headers: { 'x-litellm-tags': mark },
        }),
      )
      const reader = response.body?.getReader()
      await reader?.read()
      const left = Date.now()
      controller.abort()
      await until(() => asked(mark)[0]?.aborted === true, 'the provider is let go')
      expect((asked(mark)[0]?.abortedAt ?? 0) - left).toBeLessThan(500)
      expect(asked(mark).length).toBe(1)
      const rows = await rowsOf(mark)
      expect(rows.map(({ outcome }) => outcome)).toEqual(['abandoned'])
      expect(rows[0]?.usage?.output).toBeGreaterThan(0)
    },
  )

  test.concurrent.each(everyDoor)(
    'before the first byte frees the provider at once: %s, provider %s',
    async (_, group, door) => {
      for (const stream of [false, true]) {
        const mark = `before-${door.format}-${group}-${stream}`
        const controller = new AbortController()
        const pending = fetch(
          knock(door, at, {
            model: `${group}/hang`,
            text: mark,
            stream,
            signal: controller.signal,
            headers: { 'x-litellm-tags': mark },
          }),
        ).catch(() => undefined)
        await until(() => asked(mark).length === 1, 'the provider is asked')
        const left = Date.now()
        controller.abort()
        await pending
        await until(() => asked(mark)[0]?.aborted === true, 'the provider is let go')
        expect((asked(mark)[0]?.abortedAt ?? 0) - left).toBeLessThan(500)
        await Bun.sleep(30)
        expect(asked(mark).length).toBe(1)
        expect((await rowsOf(mark)).map(({ outcome, status }) => [outcome, status])).toEqual([['abandoned', 499]])
      }
    },
  )

  test('by closing only their half of the connection is treated as gone, and leaves one row', async () => {
    const mark = 'half-closed'
    const { hostname, port } = new URL(at.url)
    const text = post('/v1/chat/completions', at.key, JSON.stringify(chat.body('silent', mark, true)), {
      'x-litellm-tags': mark,
    })
    const before = silent.requests.length
    const socket = connect(Number(port), hostname, () => void socket.write(text))
    socket.on('error', () => {})
    await until(() => silent.requests.length > before, 'the provider is asked')
    void socket.end()
    await until(() => silent.open() === 0, 'the provider is let go', 1000)
    socket.destroy()
    expect((await rowsOf(mark)).map(({ outcome }) => outcome)).toEqual(['abandoned'])
  })

  test('by a reset is no different', async () => {
    const { hostname, port } = new URL(at.url)
    const text = post('/v1/chat/completions', at.key, JSON.stringify(chat.body('silent', 'reset', false)), {
      'x-litellm-tags': 'reset',
    })
    const socket = connect(Number(port), hostname, () => void socket.write(text))
    socket.on('error', () => {})
    await until(() => silent.open() === 1, 'the provider is asked')
    socket.resetAndDestroy()
    await until(() => silent.open() === 0, 'the provider is let go', 1000)
    expect((await rowsOf('reset')).map(({ outcome }) => outcome)).toEqual(['abandoned'])
  })

  test('while the gateway waits to try again is not waited for', async () => {
    const mark = 'back-off'
    const controller = new AbortController()
    const pending = fetch(
      knock(chat, at, {
        model: 'chat/status-500',
        text: mark,
        signal: controller.signal,
        headers: { 'x-litellm-tags': mark },
      }),
    ).catch(() => undefined)
    await until(() => asked(mark).length === 1, 'the first try')
    await Bun.sleep(30)
    controller.abort()
    await pending
    await Bun.sleep(1500)
    expect(asked(mark).length).toBe(1)
    expect((await rowsOf(mark)).map(({ outcome }) => outcome)).toEqual(['abandoned'])
  })
})

test('a slow reader holds the provider back instead of filling memory', async () => {
  const total = 64
  const megabyte = 'x'.repeat(1 << 20)
  let sent = 0
  house.provider.script(
    () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            if (sent === total) return controller.close()
            sent++
            controller.enqueue(
              new TextEncoder().encode(
                `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: megabyte } }] })}\n\n`,
              ),
            )
          },
        }),
        { headers: { 'content-type': 'text/event-stream' } },
      ),
  )
  const { hostname, port } = new URL(at.url)
  const socket = connect(Number(port), hostname, () => {
    socket.write(post('/v1/chat/completions', at.key, JSON.stringify(chat.body('chat/m', 'slow reader', true))))
  })
  socket.pause()
  await Bun.sleep(1200)
  expect(sent).toBeGreaterThan(0)
  expect(sent).toBeLessThan(total / 2)
  socket.destroy()
})
