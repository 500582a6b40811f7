import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../kernel/faults.ts'
import { concealing } from '../sending/conceal.ts'
import { concealedFlow } from './concealed.ts'
import { untouchedFlow } from './untouched.ts'

const secret = 'sk-kept-from-callers'
const conceal = concealing({ url: 'https://provider.test/', headers: { authorization: `Bearer ${secret}` } })
const flow = () => concealedFlow(untouchedFlow('openai-chat', 0), conceal)
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (blocks: readonly Uint8Array[]) => new TextDecoder().decode(Buffer.concat(blocks))

describe('a stream that repeats the key', () => {
  const said = `data: {"a":"é ${secret} 😀 ${secret}"}\n\ndata: {"b":"sk-"}\n\n`
  const shown = said.replaceAll(secret, '[secret]')

  test('reaches nobody, wherever it is cut in two', () => {
    const whole = bytes(said)
    for (let cut = 0; cut <= whole.length; cut++) {
      const made = flow()
      const out = [made.push(whole.subarray(0, cut)), made.push(whole.subarray(cut)), made.end()]
      expect([cut, text(out)]).toEqual([cut, shown])
    }
  })

  test('is read by the meter without it too', () => {
    const made = flow()
    made.push(bytes(`data: {"error":{"message":"Incorrect key ${secret}","type":"x","param":null,"code":null}}\n\n`))
    made.end()
    expect(made.failure()?.message).toBe('Incorrect key [secret]')
  })
})

test('blocks without a key are the very same', () => {
  const block = bytes('data: {"a":"skilled"}\n\n')
  expect(flow().push(block)).toBe(block)
})

test('what waits for its rest is let go when the line is cut', () => {
  const made = flow()
  expect(text([made.push(bytes('data: {"a":"sk-kept'))])).toBe('data: {"a":"')
  const end = text([made.fail(new GatewayError('provider-timeout', 'late'))])
  expect(end).not.toContain('sk-kept')
  expect(end).toContain('late')
})
