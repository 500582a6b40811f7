import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { verify } from '../../gateway/src/ledger/verify.ts'
import { type TestHouse, testHouse } from '../house.ts'
import { chunk, completion, delta, finish, http, type RawProvider, rawProvider, streamHead } from '../sockets/raw.ts'
import { type Door, doors, knock, price, until } from './doors.ts'

/** Law 11: client abort, timeout, failure and shutdown free every socket, lease and reservation. */

let provider: RawProvider
let house: TestHouse
let key: string

const behaviours = ['plain', 'limited', 'reset', 'reset-within', 'huge-error', 'garbage', 'silent', 'endless'] as const

beforeAll(async () => {
  // every answer says that its connection ends with it, so a socket that stays open is one that was forgotten
  provider = await rawProvider(async (socket, { body }) => {
    const { model, stream } = JSON.parse(body) as { model: string; stream?: boolean }
    const json = { 'content-type': 'application/json', connection: 'close' }
    const head = streamHead.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')
    if (model === 'limited') socket.end(http('429 Too Many Requests', json, '{"error":{"message":"slow down"}}'))
    else if (model === 'huge-error') socket.end(http('500 Internal Server Error', json, 'x'.repeat(2 << 20)))
    else if (model === 'garbage') socket.end(http('200 OK', json, '<html>'))
    else if (model === 'reset') socket.resetAndDestroy()
    else if (model === 'silent') return
    else if (!stream) socket.end(http('200 OK', json, completion))
    else {
      socket.write(head + chunk(delta('one ')))
      await Bun.sleep(15)
      if (model === 'reset-within') socket.resetAndDestroy()
      else if (model !== 'endless') socket.end(`${chunk(delta('two') + finish)}0\r\n\r\n`)
    }
  })
  house = await testHouse({
    models: behaviours.map((name) => ({
      model_name: name,
      litellm_params: { model: `openai/${name}`, api_base: `${provider.url}/v1`, timeout: 2 },
      model_info: price,
    })),
    router: { num_retries: 0, disable_cooldowns: true },
  })
  key = await house.key({ max_budget: 100, max_parallel_requests: 60 })
})

afterAll(async () => {
  provider.close()
  await house.close()
})

/** One request of the mix: most end by themselves, the silent and the endless are left. */
async function one(at: number): Promise<string> {
  const model = behaviours[at % behaviours.length] as string
  const door = doors[Math.floor(at / behaviours.length) % doors.length] as Door
  const stream = model === 'endless' || at % 3 !== 0
  const controller = new AbortController()
  const leaves = model === 'silent' || model === 'endless'
  if (leaves) setTimeout(() => controller.abort(), 20 + (at % 50))
  try {
    const response = await fetch(knock(door, { url: house.url, key }, { model, stream, signal: controller.signal }))
    await response.text()
    return String(response.status)
  } catch {
    return 'left'
  }
}

test('after 200 mixed requests no socket, lease or reservation is left', async () => {
  const descriptors = provider.open()
  let next = 0
  const ends: string[] = []
  const worker = async (): Promise<void> => {
    while (next < 200) ends.push(await one(next++))
  }
  await Promise.all(Array.from({ length: 25 }, worker))
  expect(ends.length).toBe(200)
  for (const end of ['200', '429', '500', '502', 'left']) expect(ends).toContain(end)

  await until(() => provider.open() === descriptors, 'no upstream socket is open', 3000)
  const { house: inner } = house.gateway
  for (const { id } of inner.router.pool.deployments) expect(inner.router.health.inFlight(id), id).toBe(0)

  await inner.ledger.flush()
  const rows = await inner.store.ledger.find({}, 1000)
  expect(rows.length).toBe(200)
  expect(await verify(inner.store)).toEqual({ difference: 0, mismatches: [] })

  // all that is not spent can be set aside again, to the last nano-dollar, and not one more
  const principal = await inner.access.identify({ secret: key, headers: new Headers() })
  const spent = rows.reduce((sum, { spend }) => sum + spend, 0)
  expect(spent).toBeGreaterThan(0)
  const rest = 100e9 - spent
  const admit = async (worstCase: number) =>
    inner.admission.admit({
      principal,
      tags: [],
      model: 'gpt',
      worstCase: worstCase as NanoUsd,
      tokens: { input: 0, total: 0 },
    })
  const nothing = { spend: 0 as NanoUsd, tokens: 0, shares: [] }
  expect(admit(rest + 1)).rejects.toThrow('Budget has been exceeded')
  ;(await admit(rest)).settle(nothing)

  // and sixty may run at once, not fewer
  const running = await Promise.all(Array.from({ length: 60 }, () => admit(0)))
  expect(admit(0)).rejects.toThrow('max_parallel_requests')
  for (const one of running) one.settle(nothing)
})

test('a deadline closes its socket as an abort does', async () => {
  const open = provider.open()
  const rich = await house.key()
  await Promise.all(
    doors.flatMap((door) =>
      [false, true].map(async (stream) => {
        const request = knock(
          door,
          { url: house.url, key: rich },
          { model: 'silent', stream, headers: { 'x-litellm-timeout': '0.1' } },
        )
        expect((await fetch(request)).status).toBe(408)
      }),
    ),
  )
  await until(() => provider.open() === open, 'the sockets are closed')
})
