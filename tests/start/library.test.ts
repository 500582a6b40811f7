import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fakeProvider } from 'turnpike-core/internal/testing/fake-provider'
import { scratch } from './gateway-process.ts'

setDefaultTimeout(60_000)

const root = join(import.meta.dir, '..', '..')
const folder = scratch()
const installed = join(folder.path, 'node_modules', 'turnpike-core')
const fake = fakeProvider()
const upstream = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 0, fetch: (request) => fake.handle(request) })
const place = `http://127.0.0.1:${upstream.port}`

async function run(command: readonly string[], cwd: string): Promise<{ code: number; said: string }> {
  const child = Bun.spawn([...command], { cwd, env: { PATH: process.env.PATH ?? '' }, stdout: 'pipe', stderr: 'pipe' })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, said: out + err }
}

/** The library as npm would install it: its package file and what the build makes of the sources. */
beforeAll(async () => {
  mkdirSync(installed, { recursive: true })
  cpSync(join(root, 'core/package.json'), join(installed, 'package.json'))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const built = await run(['node', tsc, '-p', 'core/tsconfig.build.json', '--outDir', join(installed, 'dist')], root)
  if (built.code !== 0) throw new Error(`the library cannot be built:\n${built.said}`)
})
afterAll(async () => {
  await upstream.stop(true)
  folder.remove()
})

/** Runs a program of a user of the library on the Node that is on the PATH. */
async function runOnNode(program: string): Promise<unknown> {
  const file = folder.write('program.mjs', program)
  const { code, said } = await run(['node', file], folder.path)
  if (code !== 0) throw new Error(said)
  return JSON.parse(said)
}

describe('the built library', () => {
  test('has no dependency: its files import each other and nothing else', () => {
    const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(js|d\.ts)$/.test(name),
    )
    expect(files.length).toBeGreaterThan(100)
    for (const name of files) {
      const text = readFileSync(join(installed, 'dist', name), 'utf8')
      const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
      const imported = [
        ...code.matchAll(/^(?:import|export)\b[^'"]*?\bfrom\s*['"]([^'"]+)['"]/gm),
        ...code.matchAll(/\bimport\s*\(?\s*['"]([^'"]+)['"]/g),
      ].map(([, specifier]) => specifier ?? '')
      for (const specifier of imported)
        expect(specifier, name).toMatch(name.endsWith('.js') ? /^\.{1,2}\/.*\.js$/ : /^\.{1,2}\/.*\.[jt]s$/)
      expect(code, name).not.toMatch(/\brequire\(|\bprocess\.|\bBuffer\b|\bBun\.|node:/)
    }
    const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      dependencies?: object
    }
    expect(dependencies).toBeUndefined()
  })

  test('answers on this machine’s Node, whole and streamed, from every format', async () => {
    const models = {
      chat: { model: 'openai/gpt-4o', api_base: `${place}/v1` },
      claude: { model: 'anthropic/claude-sonnet-4-5', api_base: place },
      gem: { model: 'gemini/gemini-2.5-pro', api_base: place },
    }
    const told = await runOnNode(`
      import { completion, costOf } from 'turnpike-core'
      const out = { node: process.version }
      for (const [name, at] of Object.entries(${JSON.stringify(models)})) {
        const ask = { ...at, api_key: 'sk-x', messages: [{ role: 'user', content: 'Hello there' }] }
        const whole = await completion(ask)
        let streamed = ''
        for await (const chunk of await completion({ ...ask, stream: true })) streamed += chunk.choices[0]?.delta?.content ?? ''
        out[name] = { whole: whole.choices[0].message.content, streamed, cost: costOf(whole) }
      }
      console.log(JSON.stringify(out))
    `)
    const said = { whole: 'You said: Hello there', streamed: 'You said: Hello there', cost: expect.any(Number) }
    expect(told).toEqual({ node: expect.stringMatching(/^v\d+/), chat: said, claude: said, gem: said })
  })

  test('fails by its own error, with code and status, on Node too', async () => {
    const told = await runOnNode(`
      import { completion, isGatewayError } from 'turnpike-core'
      try {
        await completion({ model: 'openai/status-429', api_base: '${place}/v1', api_key: 'sk-x', num_retries: 0, messages: [{ role: 'user', content: 'x' }] })
      } catch (error) {
        console.log(JSON.stringify({ ours: isGatewayError(error), code: error.code, status: error.status }))
      }
    `)
    expect(told).toEqual({ ours: true, code: 'provider-limit', status: 429 })
  })

  test('stops the provider when its caller stops reading, on Node too', async () => {
    await runOnNode(`
      import { completion } from 'turnpike-core'
      const stream = await completion({ model: 'openai/count:500+slow-chunks:20', api_base: '${place}/v1', api_key: 'sk-x', stream: true, messages: [{ role: 'user', content: 'stop me' }] })
      for await (const chunk of stream) if (chunk.choices[0]?.delta?.content) break
      await new Promise((resolve) => setTimeout(resolve, 200))
      console.log('{}')
    `)
    expect(fake.requests.find(({ body }) => body.includes('stop me'))?.aborted).toBe(true)
  })
})
