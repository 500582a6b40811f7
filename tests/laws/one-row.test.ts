import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { LedgerRow } from '../../gateway/src/store/ledger/row.ts'
import { type TestHouse, testHouse } from '../house.ts'
import { type Door, doors, knock, until, wildcards } from './doors.ts'

/** Law 6: every request that was let in ends in exactly one ledger row. */

let house: TestHouse
let key: string
let poor: string
let slow: string

beforeAll(async () => {
  house = await testHouse({ models: (place) => wildcards(place), router: { num_retries: 0 } })
  key = await house.key()
  poor = await house.key({ max_budget: 0.000001 })
  slow = await house.key({ rpm_limit: 0 })
})
afterAll(() => house.close())

async function rows(mark: string): Promise<readonly LedgerRow[]> {
  await house.gateway.house.ledger.flush()
  const all = await house.gateway.house.store.ledger.find({}, 10_000)
  return all.filter(({ tags }) => tags.includes(mark))
}

interface Story {
  readonly model: (group: string) => string
  readonly outcome: LedgerRow['outcome']
  readonly key?: () => string
  /** walks away after the first block, or at once where none comes */
  readonly leaves?: boolean
  readonly streams?: readonly boolean[]
}

const stories: Readonly<Record<string, Story>> = {
  'is answered': { model: (group) => `${group}/plain`, outcome: 'answered' },
  'is answered without usage': { model: (group) => `${group}/no-usage`, outcome: 'answered' },
  'fails at the provider': { model: (group) => `${group}/status-500`, outcome: 'failed' },
  'is limited by the provider': { model: (group) => `${group}/status-429`, outcome: 'failed' },
  'is refused by the provider': { model: (group) => `${group}/status-400`, outcome: 'failed' },
  'gets a 200 that is none': { model: (group) => `${group}/html-body`, outcome: 'failed' },
  'breaks in the middle': { model: (group) => `${group}/die-after-content:2+slow-chunks:20`, outcome: 'failed' },
  'is left in the middle': {
    model: (group) => `${group}/count:500+slow-chunks:20`,
    outcome: 'abandoned',
    leaves: true,
    streams: [true],
  },
  'is left before the first byte': { model: (group) => `${group}/hang`, outcome: 'abandoned', leaves: true },
  'names no known model': { model: () => 'nobody-knows-this', outcome: 'refused' },
  'has no money': { model: (group) => `${group}/plain`, outcome: 'refused', key: () => poor },
  'is over its rate': { model: (group) => `${group}/plain`, outcome: 'refused', key: () => slow },
}

/** Lives the story and reads the answer to its end, as far as there is one. */
async function live(door: Door, group: string, stream: boolean, story: Story, mark: string): Promise<void> {
  const controller = new AbortController()
  const before = house.provider.requests.length
  const pending = fetch(
    knock(
      door,
      { url: house.url, key: story.key?.() ?? key },
      {
        model: story.model(group),
        stream,
        text: mark,
        headers: { 'x-litellm-tags': mark },
        signal: controller.signal,
      },
    ),
  )
  if (!story.leaves) {
    await (await pending).text()
    return
  }
  if (story.model(group).endsWith('hang')) {
    await until(() => house.provider.requests.slice(before).some(({ body }) => body.includes(mark)), 'it is asked')
    controller.abort()
    await pending.catch(() => undefined)
    return
  }
  await (await pending).body?.getReader().read()
  controller.abort()
}

const cases = Object.entries(stories).flatMap(([name, story]) =>
  doors.flatMap((door) => [door.own, door.foreign].map((group) => [name, door.format, group, door, story] as const)),
)

describe('a request that', () => {
  test.concurrent.each(cases)('%s leaves one row: %s, provider %s', async (name, format, group, door, story) => {
    for (const stream of story.streams ?? [false, true]) {
      const mark = `${name} ${format} ${group} ${stream}`.replaceAll(' ', '-')
      await live(door, group, stream, story, mark)
      // a row is booked when the last byte has left, or when the abort has been heard of
      for (let tries = 0; tries < 100 && (await rows(mark)).length === 0; tries++) await Bun.sleep(10)
      await Bun.sleep(20)
      const found = await rows(mark)
      expect(found.map(({ outcome }) => outcome)).toEqual([story.outcome])
      expect(found[0]).toMatchObject({ stream, endpoint: expect.any(String) })
      if (story.outcome === 'refused') expect(found[0]?.spend).toBe(0 as LedgerRow['spend'])
      if (name === 'is answered') expect(found[0]?.spend).toBeGreaterThan(0)
    }
  })
})

test('a request whose body is no request leaves one row that says refused', async () => {
  for (const door of doors)
    for (const body of [
      '',
      '[]',
      '{"model":',
      ...(door.format === 'gemini' ? [] : ['{"model":7}', '{"messages":[]}']),
    ]) {
      const mark = `unread-${door.format}-${body}`
      const response = await fetch(house.url + door.path('gem', false), {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'x-litellm-tags': mark.replaceAll(/[^\w-]/g, '_') },
        body,
      })
      expect(response.status).toBe(400)
      expect((await rows(mark.replaceAll(/[^\w-]/g, '_'))).map(({ outcome }) => outcome)).toEqual(['refused'])
    }
})

test('whoever is not let in leaves no row', async () => {
  await house.gateway.house.ledger.flush()
  const before = (await house.gateway.house.store.ledger.find({}, 10_000)).length
  for (const door of doors)
    await fetch(knock(door, { url: house.url, key: 'sk-unknown-to-this-house' }, { model: 'gpt' }))
  await house.gateway.house.ledger.flush()
  expect((await house.gateway.house.store.ledger.find({}, 10_000)).length).toBe(before)
})

test('what a failure upstream said is never sold as output', async () => {
  const failed = (await house.gateway.house.store.ledger.find({}, 10_000)).filter(({ status }) => status >= 500)
  expect(failed.length).toBeGreaterThan(10)
  for (const row of failed.filter(({ usage }) => usage === undefined)) expect(row.spend).toBe(0 as LedgerRow['spend'])
  const broken = failed.filter(({ usage }) => usage !== undefined)
  expect(broken.length).toBeGreaterThan(0)
  for (const { usage } of broken) expect(usage?.output).toBeLessThan(10)
})

test('an id of the caller’s choice books nothing twice and hides nothing', async () => {
  const mark = 'same-id'
  for (let at = 0; at < 3; at++) {
    const request = knock(
      doors[0] as Door,
      { url: house.url, key },
      { model: 'chat/plain', headers: { 'x-litellm-call-id': 'one-id', 'x-litellm-tags': mark } },
    )
    expect((await fetch(request)).headers.get('x-litellm-call-id')).toBe('one-id')
  }
  expect((await rows(mark)).length).toBe(3)
})
