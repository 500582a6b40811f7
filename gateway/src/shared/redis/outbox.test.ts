import { expect, test } from 'bun:test'
import { createOutbox } from './outbox.ts'

function scene() {
  const outbox = createOutbox()
  const lost: string[] = []
  const send = (name: string, what: string) => outbox.send(name, () => void lost.push(what))
  return { outbox, lost, send }
}

test('only what Redis did not act on is lost, though nothing was confirmed', () => {
  const { outbox, lost, send } = scene()
  outbox.named('one')
  const joined = send('one', 'joining')
  outbox.arrived(joined)
  outbox.confirmed('one')
  send('one', 'first')
  const second = send('one', 'second')
  send('one', 'third')
  expect(outbox.fenced([second])).toBe(true)
  expect(lost).toEqual(['third'])
})

test('a name that Redis never met has lost everything, and the one before it is still remembered', () => {
  const { outbox, lost, send } = scene()
  outbox.named('one')
  const first = send('one', 'first')
  outbox.arrived(first)
  outbox.confirmed('one')
  outbox.named('two')
  send('two', 'joining again')
  expect(outbox.names()).toEqual(['one', 'two'])
  expect(outbox.fenced([first, -1])).toBe(true)
  expect(lost).toEqual(['joining again'])
})

test('a Redis that does not know a name it once confirmed has forgotten what it had', () => {
  const { outbox } = scene()
  outbox.named('one')
  outbox.confirmed('one')
  expect(outbox.fenced([-1])).toBe(false)
})

test('what is owed is handed over once, and a correction makes it void', () => {
  const { outbox } = scene()
  outbox.owe('a', 5)
  outbox.owe('a', 6)
  outbox.owe('b', 7)
  outbox.fix('b', 100)
  const { amounts, fixes } = outbox.hand()
  expect([...amounts]).toEqual([['a', 11]])
  expect([...fixes]).toEqual([['b', 100]])
  expect(outbox.hand().amounts.size).toBe(0)
})
