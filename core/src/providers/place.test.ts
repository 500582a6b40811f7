import { describe, expect, test } from 'bun:test'
import type { FormatId } from '../vocabulary/format-id.ts'
import { findProvider } from './index.ts'
import { isForeign, type Place, placeOf } from './place.ts'
import type { Provider } from './provider.ts'
import { chatFormats, headersFor, matchesGlob, quirksFor, wireModel } from './row.ts'

const paths: { readonly [F in FormatId]: string } = {
  'openai-chat': '/chat/completions',
  'openai-responses': '/responses',
  'anthropic-messages': '/messages',
  gemini: '/models/m:streamGenerateContent?alt=sse',
}

function row(name: string): Provider {
  const found = findProvider(name)
  if (found === undefined) throw new Error(`no row ${name}`)
  return found
}

function at(name: string, place: Partial<Place> = {}): string {
  const format = place.format ?? row(name).chat[0] ?? 'openai-chat'
  return placeOf(row(name), { format, model: 'm', path: paths[format], ...place })
}

describe("the row's own address", () => {
  test('is base and path', () => {
    expect(at('openai')).toBe('https://api.openai.com/v1/chat/completions')
    expect(at('openai', { format: 'openai-responses' })).toBe('https://api.openai.com/v1/responses')
    expect(at('anthropic')).toBe('https://api.anthropic.com/v1/messages')
    expect(at('gemini')).toBe('https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse')
    expect(at('perplexity')).toBe('https://api.perplexity.ai/chat/completions')
  })

  test('differs by format where the vendor serves it elsewhere', () => {
    expect(at('deepseek')).toBe('https://api.deepseek.com/beta/chat/completions')
    expect(at('deepseek', { format: 'anthropic-messages' })).toBe('https://api.deepseek.com/anthropic/v1/messages')
  })

  test('must be given where the row has none', () => {
    expect(() => at('hosted_vllm')).toThrow('HOSTED_VLLM_API_BASE')
    expect(() => at('cognition')).toThrow('api_base')
  })
})

describe('a given root', () => {
  const given: readonly [name: string, apiBase: string, url: string][] = [
    ['openai', 'http://host:8000', 'http://host:8000/v1/chat/completions'],
    ['openai', 'http://host:8000/', 'http://host:8000/v1/chat/completions'],
    ['openai', 'http://host:8000/v1', 'http://host:8000/v1/chat/completions'],
    ['openai', 'http://host:8000/v1///', 'http://host:8000/v1/chat/completions'],
    ['openai', 'http://host:8000/v1/chat/completions', 'http://host:8000/v1/chat/completions'],
    ['openai', 'http://host:8000/proxy/openai', 'http://host:8000/proxy/openai/chat/completions'],
    ['openai', 'http://host:8000/v1?team=a&x=1', 'http://host:8000/v1/chat/completions?team=a&x=1'],
    ['openai', 'http://host:8000/openai/v1', 'http://host:8000/openai/v1/chat/completions'],
    ['hosted_vllm', 'http://gpu:8000', 'http://gpu:8000/v1/chat/completions'],
    ['hosted_vllm', 'http://gpu:8000/v1', 'http://gpu:8000/v1/chat/completions'],
    ['groq', 'https://api.groq.com', 'https://api.groq.com/openai/v1/chat/completions'],
    ['groq', 'https://api.groq.com/openai', 'https://api.groq.com/openai/v1/chat/completions'],
    ['groq', 'https://mirror.example', 'https://mirror.example/v1/chat/completions'],
    ['zai', 'https://mirror.example', 'https://mirror.example/v4/chat/completions'],
    ['perplexity', 'https://mirror.example', 'https://mirror.example/chat/completions'],
    [
      'docker_model_runner',
      'http://localhost:22088/engines/llama.cpp',
      'http://localhost:22088/engines/llama.cpp/v1/chat/completions',
    ],
    ['oobabooga', 'http://localhost:5000', 'http://localhost:5000/v1/chat/completions'],
    ['heroku', 'https://us.inference.heroku.com', 'https://us.inference.heroku.com/v1/chat/completions'],
    ['anthropic', 'https://api.anthropic.com', 'https://api.anthropic.com/v1/messages'],
    ['anthropic', 'https://mirror.example/anthropic', 'https://mirror.example/anthropic/v1/messages'],
    ['anthropic', 'https://mirror.example/anthropic/v1/messages', 'https://mirror.example/anthropic/v1/messages'],
    ['gemini', 'https://mirror.example/g', 'https://mirror.example/g/v1beta/models/m:streamGenerateContent?alt=sse'],
    [
      'gemini',
      'https://mirror.example/g?x=1',
      'https://mirror.example/g/v1beta/models/m:streamGenerateContent?alt=sse&x=1',
    ],
  ]
  for (const [name, apiBase, url] of given) test(`${name} at ${apiBase}`, () => expect(at(name, { apiBase })).toBe(url))

  test("of the vendor's own house leads to the format's root there", () => {
    const place = { format: 'anthropic-messages', apiBase: 'https://api.moonshot.cn/v1' } as const
    expect(at('moonshot', place)).toBe('https://api.moonshot.cn/anthropic/v1/messages')
  })

  test('may come from the environment, and the api_base wins over it', () => {
    const env = { OPENAI_BASE_URL: 'http://env:1/v1' }
    expect(at('openai', { env })).toBe('http://env:1/v1/chat/completions')
    expect(at('openai', { env, apiBase: 'http://host:2/v1' })).toBe('http://host:2/v1/chat/completions')
  })

  test('that is no http URL or holds a password is refused without being quoted', () => {
    for (const apiBase of ['host:8000', 'ftp://host/v1', '/v1', 'https://user:canary@host/v1']) {
      expect(() => at('openai', { apiBase })).toThrow(/api_base/)
      expect(() => at('openai', { apiBase })).not.toThrow(/canary/)
    }
  })
})

describe('placeholders', () => {
  test('are filled from the deployment, else from the environment', () => {
    expect(at('bedrock_mantle', { params: { aws_region_name: 'eu-west-1' }, env: { AWS_REGION: 'us-east-1' } })).toBe(
      'https://bedrock-mantle.eu-west-1.api.aws/v1/chat/completions',
    )
    expect(at('bedrock_mantle', { env: { AWS_REGION: 'us-east-1' }, format: 'anthropic-messages' })).toBe(
      'https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages',
    )
  })

  test('that are missing or no plain name are errors that name them', () => {
    expect(() => at('bedrock_mantle')).toThrow('needs a region')
    expect(() => at('bedrock_mantle', { params: { region: 'evil.example/#' } })).toThrow('no plain name')
    expect(() => at('azure')).toThrow('AZURE_API_BASE')
  })
})

describe('azure', () => {
  const root = 'https://res.openai.azure.com'
  const responses = { format: 'openai-responses' } as const
  const cases: readonly [place: Partial<Place>, url: string][] = [
    [
      { params: { resource: 'res' }, apiVersion: '2024-10-21' },
      `${root}/openai/deployments/m/chat/completions?api-version=2024-10-21`,
    ],
    [{ apiBase: root }, `${root}/openai/deployments/m/chat/completions?api-version=2025-02-01-preview`],
    [
      { apiBase: `${root}/`, model: 'my model' },
      `${root}/openai/deployments/my%20model/chat/completions?api-version=2025-02-01-preview`,
    ],
    [
      { apiBase: `${root}/openai`, apiVersion: '2024-10-21' },
      `${root}/openai/deployments/m/chat/completions?api-version=2024-10-21`,
    ],
    [
      { apiBase: `${root}/openai/deployments/other`, apiVersion: '2024-10-21' },
      `${root}/openai/deployments/other/chat/completions?api-version=2024-10-21`,
    ],
    [
      { apiBase: `${root}/openai/deployments/other/chat/completions?api-version=2024-06-01` },
      `${root}/openai/deployments/other/chat/completions?api-version=2024-06-01`,
    ],
    [
      { apiBase: `${root}/openai/deployments/o/chat/completions?api-version=2024-06-01`, apiVersion: '2024-10-21' },
      `${root}/openai/deployments/o/chat/completions?api-version=2024-06-01`,
    ],
    [{ apiBase: root, apiVersion: 'v1' }, `${root}/openai/v1/chat/completions`],
    [{ apiBase: root, apiVersion: 'latest' }, `${root}/openai/v1/chat/completions`],
    [{ apiBase: root, apiVersion: 'preview' }, `${root}/openai/v1/chat/completions?api-version=preview`],
    [{ apiBase: `${root}/openai/v1/` }, `${root}/openai/v1/chat/completions`],
    [
      { apiBase: root, apiVersion: '2025-04-01-preview', ...responses },
      `${root}/openai/responses?api-version=2025-04-01-preview`,
    ],
    [{ apiBase: root, ...responses }, `${root}/openai/v1/responses`],
    [{ apiBase: root, apiVersion: 'preview', ...responses }, `${root}/openai/v1/responses?api-version=preview`],
    [
      { apiBase: 'https://apim.example/azure', apiVersion: '2024-10-21' },
      'https://apim.example/azure/openai/deployments/m/chat/completions?api-version=2024-10-21',
    ],
  ]
  for (const [place, url] of cases) test(url, () => expect(at('azure', place)).toBe(url))
})

describe('rows that build their URL', () => {
  test('datarobot', () => {
    const gateway = 'https://app.datarobot.com/api/v2/genai/llmgw/chat/completions/'
    expect(at('datarobot')).toBe(gateway)
    expect(at('datarobot', { env: { DATAROBOT_ENDPOINT: 'https://app.datarobot.com/api/v2' } })).toBe(gateway)
    expect(at('datarobot', { apiBase: 'https://app.eu.datarobot.com/api/v2/deployments/d1' })).toBe(
      'https://app.eu.datarobot.com/api/v2/deployments/d1/chat/completions',
    )
  })

  test('gradient agents and baseten deployments', () => {
    expect(at('gradient_ai', { apiBase: 'https://x1.agents.do-ai.run' })).toBe(
      'https://x1.agents.do-ai.run/api/v1/chat/completions',
    )
    expect(at('gradient_ai')).toBe('https://inference.do-ai.run/v1/chat/completions')
    expect(at('baseten', { model: 'abcd1234' })).toBe(
      'https://model-abcd1234.api.baseten.co/environments/production/sync/v1/chat/completions',
    )
    expect(at('baseten', { model: 'openai/gpt-oss-120b' })).toBe('https://inference.baseten.co/v1/chat/completions')
  })
})

describe('what a row says of a call', () => {
  test('a foreign server is not asked in a format that its vendor serves under another root', () => {
    expect(chatFormats(row('openai'), { model: 'gpt-5' })).toEqual(['openai-chat', 'openai-responses'])
    expect(chatFormats(row('openai'), { model: 'gpt-5', apiBase: 'http://localhost:8000/v1' })).toHaveLength(2)
    expect(chatFormats(row('deepseek'), { model: 'deepseek-chat' })).toContain('anthropic-messages')
    expect(chatFormats(row('deepseek'), { model: 'deepseek-chat', apiBase: 'http://localhost:8000/v1' })).toEqual([
      'openai-chat',
    ])
    expect(chatFormats(row('openai'), { model: 'gpt-5', apiBase: 'https://eu.api.openai.com/v1' })).toHaveLength(2)
    expect(chatFormats(row('azure'), { model: 'd', apiBase: 'https://res.openai.azure.com' })).toHaveLength(2)
    expect(isForeign(row('litellm_proxy'), 'http://other:4000')).toBe(false)
  })

  test('models may take fewer formats than their provider', () => {
    expect(chatFormats(row('bedrock_mantle'), { model: 'anthropic.claude-opus-4-5' })).toEqual(['anthropic-messages'])
    expect(chatFormats(row('minimax'), { model: 'MiniMax-M2.5' })).toContain('anthropic-messages')
    expect(chatFormats(row('minimax'), { model: 'abab6.5-chat' })).toEqual(['openai-chat'])
  })

  test('quirks are those of the first format', () => {
    expect(quirksFor(row('deepseek'), 'openai-chat').length).toBeGreaterThan(0)
    expect(quirksFor(row('deepseek'), 'anthropic-messages')).toEqual([])
  })

  test("headers take the environment's values, at the vendor's own hosts only", () => {
    const env = { OPENAI_ORGANIZATION: 'org-1', OR_SITE_URL: 'https://app.example' }
    const to = (name: string, url: string, from: Record<string, string> = env) =>
      headersFor(row(name), { format: row(name).chat[0] ?? 'openai-chat', url: new URL(url), env: from })
    expect(to('openai', 'https://api.openai.com/v1/x')).toEqual({ 'openai-organization': 'org-1' })
    expect(to('openai', 'http://localhost:8000/v1/x')).toEqual({})
    expect(to('openrouter', 'https://openrouter.ai/api/v1/x')).toEqual({
      'http-referer': 'https://app.example',
      'x-title': 'Turnpike',
    })
    expect(to('openrouter', 'https://openrouter.ai/api/v1/x', {})).toEqual({ 'x-title': 'Turnpike' })
    expect(to('anthropic', 'https://api.anthropic.com/v1/messages')).toEqual({ 'anthropic-version': '2023-06-01' })
    const messages = {
      format: 'anthropic-messages',
      url: new URL('https://api.deepseek.com/anthropic/v1/messages'),
      env,
    } as const
    expect(headersFor(row('deepseek'), messages)).toEqual({ 'anthropic-version': '2023-06-01' })
  })

  test("a model's prefix is added once, and not to a model of another account", () => {
    const prefix = 'accounts/fireworks/models/'
    expect(wireModel(row('fireworks_ai'), 'kimi-k2')).toBe(`${prefix}kimi-k2`)
    expect(wireModel(row('fireworks_ai'), `${prefix}kimi-k2`)).toBe(`${prefix}kimi-k2`)
    expect(wireModel(row('fireworks_ai'), 'accounts/me/models/mine')).toBe('accounts/me/models/mine')
    expect(wireModel(row('openai'), 'gpt-5')).toBe('gpt-5')
  })

  test('globs match any text at their stars', () => {
    expect(matchesGlob('GPT-5-mini', 'gpt-*')).toBe(true)
    expect(matchesGlob('gpt-', 'gpt-*')).toBe(true)
    expect(matchesGlob('my-gpt-5', 'gpt-*')).toBe(false)
    expect(matchesGlob('eu.anthropic.claude-x', '*claude*')).toBe(true)
    expect(matchesGlob('ab', 'ab*ab')).toBe(false)
    expect(matchesGlob('axbyc', 'a*b*c')).toBe(true)
    expect(matchesGlob('ac', 'a*b*c')).toBe(false)
    expect(matchesGlob('o1', 'o1')).toBe(true)
  })
})
