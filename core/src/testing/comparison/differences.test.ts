import { expect, test } from 'bun:test'
import { covers, differences, unexplained } from './differences.ts'

test('values that are the same have no differences, and undefined is absent', () => {
  expect(differences({ a: [1, { b: 'x' }], c: undefined }, { a: [1, { b: 'x' }] })).toEqual([])
})

test('differences are named by their paths', () => {
  expect(differences({ a: [1, { b: 'x' }], c: 1 }, { a: [1, { b: 'y' }, 2] })).toEqual(['a.1.b', 'a.2', 'c'])
  expect(differences([1], { 0: 1 })).toEqual([''])
  expect(differences(null, {})).toEqual([''])
})

test('a warning covers what lies at, under and around its path, and later members of its list', () => {
  const warning = (path: string) => ({ kind: 'dropped', path, why: 'x' }) as const
  expect(covers(warning('messages.1.content.0'), 'messages.1.content.0.text')).toBe(true)
  expect(covers(warning('messages.1.content.0'), 'messages.1')).toBe(true)
  expect(covers(warning('messages.1.content.0'), 'messages.1.content.3')).toBe(true)
  expect(covers(warning('messages.1.content.0'), 'messages.0.content.3')).toBe(false)
  expect(covers(warning('tools'), 'toolChoice')).toBe(false)
  expect(unexplained(['topK', 'seed'], [warning('topK')])).toEqual(['seed'])
})
