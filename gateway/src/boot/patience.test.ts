import { expect, test } from 'bun:test'
import { createPatience } from './patience.ts'

test('a read that takes too long is refused, and the next ones at once until it has ended', async () => {
  const patient = createPatience(30)
  const { promise, resolve } = Promise.withResolvers<string>()
  let asked = 0
  const read = patient((id) => {
    asked++
    return id === 'frozen' ? promise : Promise.resolve(id)
  })
  expect(await read('quick')).toBe('quick')
  await expect(read('frozen')).rejects.toThrow('does not answer in time')
  const begun = performance.now()
  await expect(read('quick')).rejects.toMatchObject({ code: 'store-down' })
  expect(performance.now() - begun).toBeLessThan(20)
  expect(asked).toBe(2)
  resolve('at last')
  await Bun.sleep(0)
  expect(await read('quick')).toBe('quick')
})

test('what a read says or fails with in time is passed on', async () => {
  const patient = createPatience(1000)
  expect(await patient(async (id) => `${id}!`)('a')).toBe('a!')
  await expect(patient(() => Promise.reject(new Error('no')))('a')).rejects.toThrow('no')
})
