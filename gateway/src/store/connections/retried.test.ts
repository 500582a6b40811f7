import { expect, test } from 'bun:test'
import { retried, wasTaken } from './retried.ts'

/** Fails so many times with a SQLSTATE before it answers. */
function failing(times: number, code: string) {
  const work = async () => {
    work.runs += 1
    if (work.runs <= times) throw Object.assign(new Error('no'), { code })
    return work.runs
  }
  work.runs = 0
  return work
}

test('a transaction that was taken back for another is run again, until it has had its tries', async () => {
  for (const code of ['40001', '40P01']) expect(await retried(failing(5, code))).toBe(6)
  const endless = failing(99, '40P01')
  await expect(retried(endless)).rejects.toThrow('no')
  expect(endless.runs).toBe(6)
})

test('what would fail again is not run again', async () => {
  const wrong = failing(1, '23505')
  await expect(retried(wrong)).rejects.toThrow('no')
  expect(wrong.runs).toBe(1)
  expect(await retried(failing(1, '23505'), wasTaken)).toBe(2)
})
