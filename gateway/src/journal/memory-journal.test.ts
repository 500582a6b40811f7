import { expect, test } from 'bun:test'
import { createMemoryJournal } from './memory-journal.ts'

function setUp() {
  const heard = { down: false, batches: [] as string[][], waiting: [] as number[] }
  const journal = createMemoryJournal<{ id: string }>({
    flushMs: 1,
    batchRows: 2,
    onError: (_, waiting) => heard.waiting.push(waiting),
    write: async (rows) => {
      if (heard.down) throw new Error('store is down')
      heard.batches.push(rows.map(({ id }) => id))
    },
  })
  return { heard, journal }
}

test('rows go to the store in order and in batches, by themselves', async () => {
  const { heard, journal } = setUp()
  for (const id of ['a', 'b', 'c']) journal.close({ id })
  expect(journal.waiting()).toBe(3)
  while (journal.waiting() > 0) await Bun.sleep(1)
  expect(heard.batches).toEqual([['a', 'b'], ['c']])
})

test('a batch that failed is tried again before anything else', async () => {
  const { heard, journal } = setUp()
  heard.down = true
  for (const id of ['a', 'b']) journal.close({ id })
  await expect(journal.flush()).rejects.toThrow('store is down')
  journal.close({ id: 'c' })
  while (heard.waiting.length === 0) await Bun.sleep(1)
  expect(heard.waiting).toEqual([3])
  heard.down = false
  await journal.flush()
  expect(heard.batches).toEqual([['a', 'b'], ['c']])
})

test('what waits when it is shut and the store stays down is told of as lost', async () => {
  const { heard, journal } = setUp()
  heard.down = true
  journal.close({ id: 'a' })
  await expect(journal.shut()).rejects.toThrow('1 ledger rows could not be written')
})
