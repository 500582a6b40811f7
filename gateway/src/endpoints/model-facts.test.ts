import { afterEach, describe, expect, test } from 'bun:test'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type HouseOptions, type TestHouse, testHouse } from '../../../tests/house.ts'

let at: TestHouse

async function house(options: HouseOptions = {}): Promise<void> {
  at = await testHouse(options)
}

afterEach(() => at.close())

async function ask(what: string, body?: object, key = at.master): Promise<{ status: number; body: JsonObject }> {
  const [method = '', path = ''] = what.split(' ')
  const response = await fetch(at.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as JsonObject }
}

interface Info {
  readonly model_name: string
  readonly litellm_params: JsonObject
  readonly model_info: JsonObject
}

const rows = (body: JsonObject) => body.data as unknown as readonly Info[]
const add = (name: string, params: JsonObject = {}, info: JsonObject = {}) =>
  ask('POST /model/new', {
    model_name: name,
    litellm_params: { model: 'groq/llama-3.3-70b-versatile', api_key: 'sk-canary-42', rpm: 5, ...params },
    model_info: info,
  })

describe('/model/info', () => {
  test('shows what was added over the API beside what the file declares, with what each says of itself', async () => {
    await house({
      models: [
        {
          model_name: 'declared',
          litellm_params: { model: 'groq/x', api_key: 'sk-canary-of-the-file' },
          model_info: { id: 'd', tier: 'free', custom_tokenizer: { identifier: 'i', auth_token: 'sk-canary-7' } },
        },
      ],
    })
    const { body: made } = await add('added', {}, { tier: 'paid' })
    const { body } = await ask('GET /model/info')
    const of = (id: unknown) => rows(body).find(({ model_info: info }) => info.id === id)
    expect(of('d')?.model_info).toMatchObject({
      db_model: false,
      tier: 'free',
      custom_tokenizer: { identifier: 'i', auth_token: '********' },
    })
    expect(of(made.model_id)).toMatchObject({
      model_name: 'added',
      litellm_params: { model: 'groq/llama-3.3-70b-versatile', api_key: '********', rpm: 5 },
      model_info: {
        db_model: true,
        tier: 'paid',
        litellm_provider: 'groq',
        blocked: false,
        created_by: 'default_user_id',
      },
    })
    expect(JSON.stringify(body)).not.toContain('canary')
    expect(rows((await ask(`GET /v1/model/info?litellm_model_id=${made.model_id}`)).body)).toHaveLength(1)
    expect((await ask('GET /model/info?litellm_model_id=none')).status).toBe(400)
  })

  test('shows a key what it may call, and nothing of the parameters that administrators see', async () => {
    await house()
    const { body: mine } = await add('mine', { temperature: 0.25 })
    const { body: other } = await add('other')
    const key = await at.key({ models: ['mine'] })
    const { body } = await ask('GET /model/info', undefined, key)
    expect(rows(body).map(({ model_name }) => model_name)).toEqual(['mine'])
    expect(rows(body)[0]?.litellm_params).not.toHaveProperty('temperature')
    expect((await ask(`GET /model/info?litellm_model_id=${other.model_id}`, undefined, key)).status).toBe(400)
    expect((await ask(`GET /model/info?litellm_model_id=${mine.model_id}`, undefined, key)).status).toBe(200)
  })

  test('shows what is blocked or broken with why, to whoever may read everything', async () => {
    await house({ env: { SET: 'sk-canary-env' } })
    const { body: made } = await add('stopped')
    await ask('POST /model/block', { model_id: made.model_id })
    await ask('POST /credentials', { credential_name: 'c', credential_values: { api_key: 'sk-canary' } })
    await add('lost', { litellm_credential_name: 'c' })
    await ask('DELETE /credentials/c')
    const { body } = await ask('GET /v2/model/info?search=st')
    const of = (name: string) => rows(body).find(({ model_name }) => model_name === name)
    expect(of('stopped')?.model_info).toMatchObject({ db_model: true, blocked: true })
    expect(String(of('stopped')?.model_info.error)).toContain('/model/unblock')
    expect(String(of('lost')?.model_info.error)).toContain('no credential `c`')
    const key = await at.key()
    const seen = rows((await ask('GET /model/info', undefined, key)).body).map(({ model_name }) => model_name)
    expect(seen).not.toContain('stopped')
    expect(seen).not.toContain('lost')
  })
})

describe('/v2/model/info', () => {
  test('comes in pages, sorted and searched', async () => {
    await house()
    for (const name of ['page-c', 'page-a', 'page-b']) await add(name)
    const { body } = await ask('GET /v2/model/info?search=PAGE-&sortBy=model_name&sortOrder=desc&size=2&page=1')
    expect(rows(body).map(({ model_name }) => model_name)).toEqual(['page-c', 'page-b'])
    const { data: _, ...page } = body
    expect(page).toEqual({ total_count: 3, current_page: 1, total_pages: 2, size: 2 })
    const second = await ask('GET /v2/model/info?search=page-&sortBy=model_name&sortOrder=desc&size=2&page=2')
    expect(rows(second.body).map(({ model_name }) => model_name)).toEqual(['page-a'])
    expect(rows((await ask('GET /v2/model/info?model=page-a')).body)).toHaveLength(1)
    expect((await ask('GET /v2/model/info?page=0')).status).toBe(400)
  })
})

describe('/model_group/info', () => {
  test('sums up the deployments of each group that the caller may use', async () => {
    await house()
    await add('pair', { rpm: 5 }, { input_cost_per_token: 0.000001, max_input_tokens: 1000 })
    await add('pair', { rpm: 7, model: 'openai/gpt-4o' })
    const { body } = await ask('GET /model_group/info?model_group=pair')
    expect(body.data).toMatchObject([
      {
        model_group: 'pair',
        providers: expect.arrayContaining(['groq', 'openai']),
        rpm: 12,
        tpm: null,
        mode: 'chat',
        max_input_tokens: 128_000,
        supports_function_calling: true,
      },
    ])
    const key = await at.key({ models: ['pair'] })
    const groups = (await ask('GET /model_group/info', undefined, key)).body.data as unknown as {
      model_group: string
    }[]
    expect(groups.map(({ model_group }) => model_group)).toEqual(['pair'])
  })

  test('names the parameters that reach the provider', async () => {
    await house()
    const params = async (group: string) => {
      const { body } = await ask(`GET /model_group/info?model_group=${group}`)
      return (body.data as unknown as { supported_openai_params: string[] }[])[0]?.supported_openai_params ?? []
    }
    expect(await params('gpt')).toEqual(expect.arrayContaining(['temperature', 'tools', 'seed', 'logit_bias']))
    const claude = await params('claude')
    expect(claude).toEqual(expect.arrayContaining(['temperature', 'tools', 'max_tokens', 'stop']))
    expect(claude).not.toContain('logit_bias')
    expect(claude).not.toContain('seed')
  })
})
