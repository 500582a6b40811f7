import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonArray } from 'turnpike-core/internal/kernel/json-array'
import { sse } from 'turnpike-core/internal/kernel/sse'
import { run } from 'turnpike-core/internal/kernel/transducer'
import type { RecordedRequest } from 'turnpike-core/internal/testing/fake-provider'
import { checkStream } from 'turnpike-core/internal/testing/grammar/index'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'
import { openScene } from './scene.ts'

// requests that real clients and coding agents have sent, recorded elsewhere and no part of this repository
const kit = process.env.TURNPIKE_KIT ?? join(import.meta.dir, '../../../shared/kit')
const shelf = join(kit, 'clients')

interface Recorded {
  readonly name: string
  readonly client: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
}

/** What kind of path a request was sent to. */
interface Kind {
  readonly format: FormatId
  /** a group whose provider speaks the format, and the name under which that provider knows the model */
  readonly home: readonly [group: string, model: string]
  readonly counts?: true
}

const kinds: readonly (readonly [RegExp, Kind])[] = [
  [/\/chat\/completions$/, { format: 'openai-chat', home: ['gpt', 'gpt-4o'] }],
  [/\/responses$/, { format: 'openai-responses', home: ['codex', 'gpt-5.1-codex'] }],
  [
    /\/v1\/messages\/count_tokens$/,
    { format: 'anthropic-messages', home: ['claude-new', 'claude-opus-4-8'], counts: true },
  ],
  [/\/v1\/messages$/, { format: 'anthropic-messages', home: ['claude-new', 'claude-opus-4-8'] }],
  [/:countTokens$/, { format: 'gemini', home: ['gem', 'gemini-2.5-pro'], counts: true }],
  [/:(?:generateContent|streamGenerateContent)$/, { format: 'gemini', home: ['gem', 'gemini-2.5-pro'] }],
]
const groups = ['gpt', 'o', 'codex', 'claude', 'claude-new', 'gem', 'gem-new', 'groq', 'azure']

const kindOf = ({ path }: Recorded): Kind | undefined =>
  kinds.find(([pattern]) => pattern.test(path.split('?', 1)[0] ?? ''))?.[1]

function recordings(): Recorded[] {
  if (!existsSync(shelf)) return []
  return readdirSync(shelf, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: client }) =>
      readdirSync(join(shelf, client))
        .filter((file) => /^\d+-.*\.json$/.test(file))
        .map((file) => ({
          ...(JSON.parse(readFileSync(join(shelf, client, file), 'utf8')) as Recorded),
          name: file,
          client,
        })),
    )
}

const all = recordings()
const asked = all.filter((recorded) => recorded.method === 'POST' && recorded.body && kindOf(recorded))
const clients = [...new Set(asked.map(({ client }) => client))]
const scene = openScene()

const credentials = new Set(['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'])
const ofTheHop = new Set(['host', 'content-length', 'connection', 'transfer-encoding'])

const secretIn = (header: string): string => (header === 'authorization' ? `Bearer ${scene.key}` : scene.key)

/** The headers as recorded, with our key in the place of the client's own. */
function headersOf(recorded: Recorded): Record<string, string> {
  return Object.fromEntries(
    Object.entries(recorded.headers)
      .filter(([name]) => !ofTheHop.has(name.toLowerCase()))
      .map(([name, value]) => [name, credentials.has(name) ? secretIn(name) : value]),
  )
}

const bodyFor = (recorded: Recorded, model: string): string =>
  JSON.stringify('model' in (recorded.body ?? {}) ? { ...recorded.body, model } : recorded.body)

const isStream = ({ path, body }: Recorded): boolean => body?.stream === true || path.includes(':streamGenerateContent')

function send(recorded: Recorded, group: string): Promise<Response> {
  const path = recorded.path.replace(/(\/models\/)[^:]+(?=:)/, `$1${group}`)
  return fetch(scene.house.url + path, {
    method: 'POST',
    headers: headersOf(recorded),
    body: bodyFor(recorded, group),
  })
}

const shapes: Readonly<Record<FormatId, string>> = {
  'openai-chat': 'choices',
  'openai-responses': 'output',
  'anthropic-messages': 'content',
  gemini: 'candidates',
}

/** What is wrong with an answer; nothing when it is one that the client can read. */
async function faultsOf(recorded: Recorded, response: Response, kind: Kind): Promise<string[]> {
  const text = await response.text()
  if (response.status !== 200) return refusalFaults(response.status, text)
  if (kind.counts) return /"(?:input_tokens|totalTokens)":[1-9]/.test(text) ? [] : [`no count: ${text.slice(0, 80)}`]
  if (!isStream(recorded)) return shapes[kind.format] in JSON.parse(text) ? [] : [`no answer: ${text.slice(0, 80)}`]
  const framing = response.headers.get('content-type')?.startsWith('application/json') ? jsonArray : sse
  const wish = recorded.body?.stream_options as { include_usage?: boolean } | undefined
  const frames = run(framing.read(), [new TextEncoder().encode(text)])
  return checkStream[kind.format](frames, { includeUsage: wish?.include_usage === true })
}

/** A refusal is the caller's to understand: it says in a sentence of its own what cannot be carried. */
function refusalFaults(status: number, text: string): string[] {
  const { error } = JSON.parse(text) as { error?: { message?: string } }
  const clear = status === 400 && (error?.message ?? '').length > 20
  return clear ? [] : [`answered ${status}: ${text.slice(0, 200)}`]
}

/** The request as the provider of the same format must see it, byte by byte but for what metering must add. */
function expectUntouched(recorded: Recorded, { format, home }: Kind, seen: RecordedRequest): void {
  const sent = bodyFor(recorded, home[1])
  if (format !== 'openai-chat' || !isStream(recorded)) {
    expect(seen.body).toBe(sent)
    return
  }
  const body = JSON.parse(seen.body) as Record<string, unknown>
  expect(body.stream_options).toEqual({ ...(recorded.body?.stream_options as object), include_usage: true })
  if (recorded.body?.stream_options === undefined) delete body.stream_options
  else body.stream_options = recorded.body.stream_options
  expect(JSON.stringify(body)).toBe(sent)
}

const meant =
  /^(?:anthropic-|x-goog-api-client$|originator$|session[-_]id$|thread-id$|x-codex-|x-client-request-id$|openai-beta$)/

describe.skipIf(all.length === 0).each(clients)('what %s has sent', (client) => {
  const sent = asked.filter((recorded) => recorded.client === client)
  const nameOf = ({ name }: Recorded, group: string) => `${name} to ${group}`

  test('reaches a provider of its own format byte by byte, with the headers that mean something there', async () => {
    for (const recorded of sent) {
      const kind = kindOf(recorded) as Kind
      const before = scene.count()
      const response = await send(recorded, kind.home[0])
      expect([recorded.name, response.status, await faultsOf(recorded, response, kind)]).toEqual([
        recorded.name,
        200,
        [],
      ])
      expect(scene.count()).toBe(before + 1)
      if (!kind.counts || kind.format !== 'gemini') expectUntouched(recorded, kind, scene.seen())
      for (const [name, value] of Object.entries(recorded.headers))
        if (meant.test(name)) expect([name, scene.seen().headers[name]]).toEqual([name, value])
    }
  })

  test('is answered by providers of every format, or refused with the reason', async () => {
    const wrong: string[] = []
    for (const recorded of sent) {
      const kind = kindOf(recorded) as Kind
      for (const group of groups) {
        const response = await send(recorded, group)
        const faults = await faultsOf(recorded, response, kind)
        wrong.push(...faults.map((fault) => `${nameOf(recorded, group)}: ${fault}`))
      }
    }
    expect(wrong).toEqual([])
  }, 20_000)
})

describe.skipIf(all.length === 0)('recorded clients', () => {
  test('are answered by every provider when what only another can run may be left out', async () => {
    const wrong: string[] = []
    for (const recorded of asked.filter((one) => kindOf(one)?.format === 'openai-responses')) {
      const kind = kindOf(recorded) as Kind
      for (const group of groups) {
        const response = await send({ ...recorded, body: { ...recorded.body, drop_params: true } }, group)
        const faults = response.status === 200 ? await faultsOf(recorded, response, kind) : [`${response.status}`]
        wrong.push(...faults.map((fault) => `${recorded.client} ${recorded.name} to ${group}: ${fault}`))
      }
    }
    expect(wrong).toEqual([])
  }, 20_000)

  test('never have their key shown to a provider', () => {
    const shown = scene.house.provider.requests.filter((request) => JSON.stringify(request).includes(scene.key))
    expect(shown).toEqual([])
    expect(scene.count()).toBeGreaterThan(asked.length)
    expect(scene.house.log).toEqual([])
  })

  test('are told which models there are', async () => {
    for (const recorded of all.filter(({ method, path }) => method === 'GET' && /\/models(?:\?|$)/.test(path))) {
      const response = await fetch(scene.house.url + recorded.path, { headers: headersOf(recorded) })
      expect([recorded.client, response.status]).toEqual([recorded.client, 200])
      expect(await response.text()).toContain('"claude"')
    }
  })

  test('that knock at the root get a friendly answer', async () => {
    for (const recorded of all.filter(({ method, path }) => method === 'HEAD' && path === '/')) {
      const response = await fetch(scene.house.url, { method: 'HEAD', headers: headersOf(recorded) })
      expect([recorded.client, response.status < 500]).toEqual([recorded.client, true])
    }
  })
})
