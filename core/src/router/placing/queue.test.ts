import { describe, expect, test } from 'bun:test'
import type { Deployment } from '../deployment.ts'
import { createQueue } from './queue.ts'
import { createSeats, type Seat } from './seats.ts'

describe('the queue', () => {
  test('lets lower priorities go first, and within one whoever came first', () => {
    const queue = createQueue<string>()
    for (const [priority, item] of [
      [5, 'five'],
      [0, 'zero'],
      [5, 'five again'],
      [1, 'one'],
      [0, 'zero again'],
    ] as const)
      queue.push(priority, item)
    const out = [1, 2, 3, 4, 5].map(() => queue.shift(() => true))
    expect(out).toEqual(['zero', 'zero again', 'one', 'five', 'five again'])
  })

  test('passes over those that want something else, and those that left', () => {
    const queue = createQueue<string>()
    const leave = queue.push(0, 'left')
    queue.push(0, 'other')
    queue.push(1, 'this')
    leave()
    leave()
    expect(queue.shift((item) => item === 'this')).toBe('this')
    expect(queue.size).toBe(1)
  })
})

/** Seats whose waits end when the test says so. */
function openSeats(most = 10) {
  const ends: (() => void)[] = []
  const seats = createSeats({ most, sleep: () => new Promise((end) => void ends.push(end)) })
  return { seats, ends }
}

const deployment = (id: string, maxParallel?: number) =>
  ({ id, ...(maxParallel !== undefined && { maxParallel }) }) as Deployment
const seating = { priority: 0, waitMs: 1000 }
const now = (seat: Seat | undefined | Promise<Seat | undefined>): Seat => {
  if (!seat || seat instanceof Promise) throw new Error('it had to wait')
  return seat
}

describe('the places of deployments', () => {
  test('are as many as it takes at once, without end where it does not say', () => {
    const { seats } = openSeats()
    const one = deployment('one', 1)
    now(seats.take([one], seating))
    expect(seats.take([one], seating)).toBeInstanceOf(Promise)
    const other = deployment('other')
    for (let i = 0; i < 100; i++) now(seats.take([other], seating))
  })

  test('are taken where they are free before anybody waits', () => {
    const { seats } = openSeats()
    const both = [deployment('one', 1), deployment('two', 1)]
    expect(now(seats.take(both, seating)).deployment.id).toBe('one')
    expect(seats.open(both).map(({ id }) => id)).toEqual(['two'])
    expect(now(seats.take(both, seating)).deployment.id).toBe('two')
    expect(seats.open(both)).toEqual(both)
  })

  test('that become free are given to the most urgent who wants one there', async () => {
    const { seats } = openSeats()
    const [one, two] = [deployment('one', 1), deployment('two', 1)]
    const held = [now(seats.take([one], seating)), now(seats.take([two], seating))]
    const patient = seats.take([one, two], { ...seating, priority: 9 })
    const urgent = seats.take([one], { ...seating, priority: 1 })
    held[0]?.leave()
    held[0]?.leave()
    expect((await urgent)?.deployment.id).toBe('one')
    held[1]?.leave()
    expect((await patient)?.deployment.id).toBe('two')
  })

  test('are waited for no longer than was asked, and the place is not lost then', async () => {
    const { seats, ends } = openSeats()
    const one = deployment('one', 1)
    const held = now(seats.take([one], seating))
    const late = seats.take([one], seating)
    ends[0]?.()
    expect(await late).toBeUndefined()
    held.leave()
    now(seats.take([one], seating))
  })

  test('are not waited for by who hung up, or when too many wait', async () => {
    const { seats } = openSeats(1)
    const one = deployment('one', 1)
    const held = now(seats.take([one], seating))
    const gone = new AbortController()
    const left = seats.take([one], { ...seating, signal: gone.signal })
    expect(seats.take([one], seating)).toBeUndefined()
    gone.abort()
    expect(await left).toBeUndefined()
    expect(seats.take([one], { ...seating, waitMs: 0 })).toBeUndefined()
    held.leave()
    now(seats.take([one], seating))
  })
})
