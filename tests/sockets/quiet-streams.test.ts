import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { chat, until } from '../laws/doors.ts'
import { type Scratch, type Started, scratch, turnpike } from '../start/gateway-process.ts'
import {
  chunk,
  completion,
  delta,
  finish,
  http,
  post,
  type RawProvider,
  rawProvider,
  sayRaw,
  streamHead,
} from './raw.ts'

const master = 'sk-master-of-quiet-streams-5d1f'
const quietMs = 13_000
let folder: Scratch
let gateway: Started
let provider: RawProvider
let url: string

/** The gateway as its users get it: the launcher decides what Bun's environment is. */
beforeAll(async () => {
  provider = await rawProvider((socket, { body }) => {
    const { model } = JSON.parse(body) as { model: string }
    if (model === 'quick') socket.write(http('200 OK', { 'content-type': 'application/json' }, completion))
    else if (model === 'slow')
      setTimeout(() => socket.write(http('200 OK', { 'content-type': 'application/json' }, completion)), quietMs)
    else {
      socket.write(streamHead + chunk(delta('first')))
      if (model === 'pausing') setTimeout(() => socket.write(`${chunk(delta(' last') + finish)}0\r\n\r\n`), quietMs)
      if (model === 'breaking') setTimeout(() => socket.resetAndDestroy(), 50)
    }
  })
  folder = scratch()
  const names = ['quick', 'slow', 'quiet', 'pausing', 'breaking']
  const config = folder.write(
    'config.yaml',
    JSON.stringify({
      model_list: names.map((name) => ({
        model_name: name,
        litellm_params: { model: `openai/${name}`, api_base: provider.url, api_key: 'sk-x' },
      })),
    }),
  )
  gateway = turnpike(['--config', config, '--port', '0', '--host', '127.0.0.1'], {
    cwd: folder.path,
    env: { TURNPIKE_MASTER_KEY: master },
  })
  url = await gateway.url
})

afterAll(async () => {
  await gateway.stop()
  provider.close()
  folder.remove()
})

const headers = { authorization: `Bearer ${master}`, 'content-type': 'application/json' }
const ask = (model: string, stream: boolean): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(chat.body(model, 'hi', stream)) })

/** Opens a stream by a bare socket and reads until its first words. */
function openQuietly(): Promise<Socket> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(post('/v1/chat/completions', master, JSON.stringify(chat.body('quiet', 'hi', true))))
    })
    socket.on('error', reject)
    socket.on('data', (block) => {
      if (block.toString().includes('first')) resolve(socket)
    })
  })
}

describe('what is quiet', () => {
  test.concurrent('does not stand in the way: 300 quiet streams leave the 301st request free', async () => {
    const opened = await Promise.all(Array.from({ length: 300 }, openQuietly))
    const begun = performance.now()
    const response = await ask('quick', false)
    const ms = performance.now() - begun
    console.log(`the 301st request took ${ms.toFixed(0)} ms beside 300 quiet streams`)
    expect(response.status).toBe(200)
    expect(ms).toBeLessThan(1500)
    const streamed = await ask('breaking', true)
    expect(await streamed.text()).toContain('first')
    for (const socket of opened) socket.destroy()
    await until(() => provider.open() < 40, 'the quiet streams are closed upstream too', 5000)
  })

  test.concurrent('for 13 s within a stream lives to its end', async () => {
    const text = await (await ask('pausing', true)).text()
    expect(chat.words(text)).toBe('first last')
    expect(chat.complete(text)).toBe(true)
  }, 20_000)

  test.concurrent('for 13 s before a whole answer lives to its end', async () => {
    const response = await ask('slow', false)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'hello' } }] })
  }, 20_000)
})

test('streams that break and callers that err print no stack and no path', async () => {
  for (let at = 0; at < 5; at++) await (await ask('breaking', true)).text()
  const answers = [
    await sayRaw(url, 'GARBAGE\r\n\r\n'),
    await sayRaw(url, post('/v1/chat/completions', master, '{"model":')),
  ]
  for (const text of [gateway.said(), ...answers.map(({ head, body }) => head + body)]) {
    expect(text).not.toMatch(/\bat .*:\d+:\d+/)
    expect(text).not.toContain('.ts:')
    expect(text).not.toContain('node_modules')
  }
})
