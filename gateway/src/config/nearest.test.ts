import { expect, test } from 'bun:test'
import { sectionKeys } from './keys.ts'
import { nearest } from './nearest.ts'

const known = ['num_retries', 'timeout', 'cooldown_time', 'allowed_fails', 'model_list']

test.each([
  ['num_retires', 'num_retries'],
  ['num_retrie', 'num_retries'],
  ['nun_retries', 'num_retries'],
  ['timeuot', 'timeout'],
  ['timeot', 'timeout'],
  ['cooldowntime', 'cooldown_time'],
  ['cooldown-time', 'cooldown_time'],
  ['model_lists', 'model_list'],
])('%p was meant to be %p', (word, meant) => {
  expect(nearest(word, known)).toBe(meant)
})

test.each(['x', 'retries', 'number_of_all_retries', 'colour', '', 'allowed'])('%p resembles nothing', (word) => {
  expect(nearest(word, known)).toBeUndefined()
})

test('the nearer of two is meant', () => {
  expect(nearest('timeout_s', ['timeouts_xy', 'timeout'])).toBe('timeout')
})

test('no two keys of a section are taken for each other when one of them is written rightly', () => {
  for (const { acts, refused, inert } of Object.values(sectionKeys))
    for (const key of [...acts, ...refused, ...inert]) expect(nearest(key, [...acts, ...refused, ...inert])).toBe(key)
})
