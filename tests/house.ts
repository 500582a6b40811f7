import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import { type FakeProvider, fakeProvider } from 'turnpike-core/internal/testing/fake-provider'
import { boot, type Gateway, type Outside } from '../gateway/src/boot.ts'
import { readConfig } from '../gateway/src/config/read.ts'
import { serveOnBun } from '../gateway/src/runtime/bun.ts'

/** What a test's house has beyond the ordinary. Sections are written as in `config.yaml`. */
export interface HouseOptions {
  /** further entries; one that bears a name of the ordinary list replaces it. Without `api_base` they lead to the fake provider */
  readonly models?: readonly ModelEntry[] | ((provider: string) => readonly ModelEntry[])
  readonly router?: JsonObject
  readonly litellm?: JsonObject
  readonly general?: JsonObject
  readonly env?: Readonly<Record<string, string>>
  readonly outside?: Outside
}

/** A gateway that listens, with a fake provider behind it. */
export interface TestHouse {
  /** root URL of the gateway, without a trailing slash */
  readonly url: string
  readonly master: string
  /** makes a virtual key by `POST /key/generate` */
  key(options?: JsonObject): Promise<string>
  readonly provider: FakeProvider & { readonly url: string }
  readonly gateway: Gateway
  /** what the gateway told its operator */
  readonly log: readonly string[]
  close(): Promise<void>
}

/** The key that the gateway shows to every provider. */
export const providerKey = 'sk-key-that-the-provider-knows'
const master = 'sk-master-key-of-a-test-7f3c9e'

/**
 * Boots the gateway on a store in memory and serves it on a free port, in front of one fake provider on another. Model groups:
 * `gpt` (openai-chat), `o` (openai-responses and openai-chat), `codex` (openai-responses alone), `claude`, `claude-new`
 * (anthropic-messages), `gem`, `gem-new` (gemini), `groq` (a look-alike of openai-chat) and `azure`.
 */
export async function testHouse(options: HouseOptions = {}): Promise<TestHouse> {
  const fake = fakeProvider()
  const upstream = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    development: false,
    fetch: (request) => fake.handle(request),
  })
  const place = `http://127.0.0.1:${upstream.port}`
  const log: string[] = []
  const gateway = await boot(configOf(place, options), [master], {
    log: (line) => void log.push(line),
    ...options.outside,
  })
  const server = serveOnBun({
    hostname: '127.0.0.1',
    port: 0,
    handle: gateway.handle,
    refuse: () => new Response('refused by the runtime', { status: 500 }),
  })
  return {
    url: server.url,
    master,
    key: (fields = {}) => mint(server.url, fields),
    provider: { ...fake, url: place },
    gateway,
    log,
    async close() {
      server.cut()
      await gateway.close()
      await upstream.stop(true)
    },
  }
}

/** The configuration as an operator would write it, read from a file that is gone right after. */
function configOf(provider: string, options: HouseOptions): ReturnType<typeof readConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-house-'))
  const file = join(folder, 'config.yaml')
  const sections = {
    model_list: modelList(provider, options),
    router_settings: options.router ?? {},
    litellm_settings: options.litellm ?? {},
    general_settings: { master_key: master, database_url: 'sqlite::memory:', ...options.general },
  }
  // OpenAI's own base decides that Responses is spoken there; an api_base of the entry would mean a chat look-alike
  const environment = { OPENAI_BASE_URL: `${provider}/v1`, ...options.env }
  try {
    writeFileSync(file, JSON.stringify(sections))
    return readConfig(file, environment)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const ordinary = (provider: string): ModelEntry[] => [
  // a server that speaks chat alone, as many that are reached by `openai/MODEL` do
  entry('gpt', 'openai/gpt-4o', `${provider}/v1`, { use_chat_completions_api: true }),
  entry('o', 'openai/o3'),
  entry('codex', 'openai/gpt-5.1-codex'),
  entry('claude', 'anthropic/claude-sonnet-4-5', provider),
  entry('claude-new', 'anthropic/claude-opus-4-8', provider),
  entry('gem', 'gemini/gemini-2.5-pro', provider),
  entry('gem-new', 'gemini/gemini-3-pro-preview', provider),
  entry('groq', 'groq/llama-3.3-70b-versatile', `${provider}/openai/v1`),
  entry('azure', 'azure/my-gpt-deployment', provider, { api_version: '2024-10-21' }, { base_model: 'azure/gpt-4o' }),
]

function entry(name: string, model: string, base?: string, params: JsonObject = {}, info?: JsonObject): ModelEntry {
  return {
    model_name: name,
    litellm_params: { model, api_key: providerKey, ...(base !== undefined && { api_base: base }), ...params },
    ...(info && { model_info: info }),
  }
}

function modelList(provider: string, { models = [] }: HouseOptions): ModelEntry[] {
  const given = (typeof models === 'function' ? models(provider) : models).map((one) => ({
    ...one,
    litellm_params: { api_key: providerKey, api_base: provider, ...one.litellm_params },
  }))
  const names = new Set(given.map(({ model_name }) => model_name))
  return [...ordinary(provider).filter(({ model_name }) => !names.has(model_name)), ...given]
}

async function mint(url: string, fields: JsonObject): Promise<string> {
  const response = await fetch(`${url}/key/generate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${master}`, 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  })
  const body = (await response.json()) as { key?: string }
  if (!response.ok || body.key === undefined) throw new Error(`no key: ${response.status} ${JSON.stringify(body)}`)
  return body.key
}
