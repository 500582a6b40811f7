import { afterEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { HouseOptions } from '../../../../tests/house.ts'
import { mask } from '../../registry/secrets.ts'
import { type ModelsHouse, modelsHouse, paramsFor, storeFolder } from './testing/models-house.ts'

const canary = 'sk-canary-of-a-provider-4711'
const open: (() => Promise<void> | void)[] = []

async function house(options: HouseOptions = {}): Promise<ModelsHouse> {
  const made = await modelsHouse(options)
  open.push(() => made.close())
  return made
}

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const errorOf = (body: JsonObject) => body.error as { message: string; param: string | null; type: string }

describe('a model that is added over the API', () => {
  test('is shown with its secrets masked, and can be called at once with its own key', async () => {
    const at = await house()
    const { status, body } = await at.ask('POST /model/new', {
      model_name: 'mine',
      litellm_params: paramsFor(at, { api_key: canary, extra_headers: { 'X-Team': canary, 'X-Number': 7 } }),
      model_info: { base_model: null, tier: 'paid', anything: { further: 1 }, access_groups: ['beta'] },
    })
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual([
      'blocked',
      'created_at',
      'created_by',
      'litellm_params',
      'model_id',
      'model_info',
      'model_name',
      'updated_at',
      'updated_by',
    ])
    expect(body).toMatchObject({
      model_name: 'mine',
      blocked: false,
      litellm_params: { api_key: mask, extra_headers: { 'X-Team': mask, 'X-Number': mask } },
      model_info: { id: body.model_id, db_model: true, tier: 'paid', anything: { further: 1 } },
    })
    expect((await at.chat('mine')).status).toBe(200)
    expect(at.lastCall()?.headers).toMatchObject({
      authorization: `Bearer ${canary}`,
      'x-team': canary,
      'x-number': '7',
    })
    expect((await at.chat(String(body.model_id))).status).toBe(200)
    const beta = await at.key({ models: ['beta'] })
    expect((await at.chat('mine', beta)).status).toBe(200)
    expect((await at.chat('gpt', beta)).status).toBe(403)
  })

  test('joins the group of its name that the configuration has', async () => {
    const at = await house()
    await at.ask('POST /model/new', { model_name: 'groq', litellm_params: paramsFor(at, { api_key: canary }) })
    expect(at.house.router.pool.find('groq')?.deployments).toHaveLength(2)
  })

  test('is changed in part: what is not named stays, null clears, and the mask that was shown leaves the secret', async () => {
    const at = await house()
    const { body: made } = await at.ask('POST /model/new', {
      model_name: 'mine',
      litellm_params: paramsFor(at, { api_key: canary, temperature: 0.5, rpm: 60 }),
      model_info: { tier: 'paid' },
    })
    const changed = await at.ask('POST /model/update', {
      model_info: { id: made.model_id },
      litellm_params: { api_key: mask, temperature: null, tpm: 1000 },
    })
    expect(changed.body).toMatchObject({
      model_name: 'mine',
      litellm_params: paramsFor(at, { api_key: mask, rpm: 60, tpm: 1000 }),
      model_info: { tier: 'paid' },
    })
    expect(changed.body.litellm_params).not.toHaveProperty('temperature')
    const renamed = await at.ask(`PATCH /model/${made.model_id}/update`, { model_name: 'other' })
    expect(renamed.body).toMatchObject({ model_name: 'other', model_info: { tier: 'paid' } })
    expect((await at.chat('mine')).status).toBe(400)
    expect((await at.chat('other')).status).toBe(200)
    expect(at.lastCall()?.headers.authorization).toBe(`Bearer ${canary}`)
    expect(at.lastCall()?.body).not.toContain('temperature')
  })

  test('is blocked and put back, and deleted for good', async () => {
    const at = await house()
    const { body } = await at.ask('POST /model/new', {
      model_name: 'mine',
      litellm_params: paramsFor(at, { api_key: canary }),
    })
    expect((await at.ask('POST /model/block', { model_id: body.model_id })).body.blocked).toBe(true)
    expect((await at.chat('mine')).status).toBe(400)
    expect((await at.ask('POST /model/unblock', { model_id: body.model_id })).body.blocked).toBe(false)
    expect((await at.chat('mine')).status).toBe(200)
    const gone = await at.ask('POST /model/delete', { id: body.model_id })
    expect(gone).toEqual({ status: 200, body: { message: `Model: ${body.model_id} deleted successfully` } })
    expect((await at.chat('mine')).status).toBe(400)
    expect((await at.ask('POST /model/delete', { id: body.model_id })).status).toBe(400)
  })

  test('is written into the audit trail without a secret', async () => {
    const at = await house()
    const { body } = await at.ask('POST /model/new', {
      model_name: 'mine',
      litellm_params: paramsFor(at, { api_key: canary }),
    })
    await at.ask(`PATCH /model/${body.model_id}/update`, { litellm_params: { api_key: `${canary}-2` } })
    await at.ask('POST /model/delete', { id: body.model_id })
    const { rows } = await at.house.store.audit.list({ table: 'LiteLLM_ProxyModelTable', limit: 10 })
    expect(rows.map(({ action, objectId }) => [action, objectId])).toEqual(
      ['created', 'updated', 'deleted'].map((action) => [action, String(body.model_id)]),
    )
    expect(JSON.stringify(rows)).not.toContain(canary)
    expect(JSON.stringify(rows)).not.toContain('sealed:')
  })

  test('is refused where it could not work, with what is wrong', async () => {
    const at = await house({ env: { SET: 'x' } })
    const refused = async (litellm_params: JsonObject, more: JsonObject = {}) => {
      const { status, body } = await at.ask('POST /model/new', { model_name: 'm', litellm_params, ...more })
      expect(status).toBe(400)
      return errorOf(body)
    }
    expect((await refused({ model: 'nobody/x' })).message).toContain('LLM Provider NOT provided')
    expect((await refused({})).message).toContain('litellm_params.model is missing')
    expect((await refused({ model: 'openai/x', api_base: 'nowhere' })).message).toContain('api_base')
    expect((await refused({ model: 'openai/x', api_key: 'os.environ/NOT_SET' })).message).toContain('NOT_SET')
    expect((await refused({ model: 'openai/x', api_key: 'os.environ/DATABASE_URL' })).message).toContain(
      "gateway's own",
    )
    expect((await refused({ model: 'openai/x', silent_model: 'm' })).param).toBe('litellm_params.silent_model')
    expect((await refused({ model: 'openai/x', max_budget: 5, budget_duration: 'soon' })).message).toContain('30d')
    expect((await refused({ model: 'openai/x', api_key: 'sealed:v1:00000000:AAAA' })).param).toBe(
      'litellm_params.api_key',
    )
    expect((await refused({ model: 'openai/x', api_key: mask })).param).toBe('litellm_params.api_key')
    expect((await refused({ model: 'openai/x', litellm_credential_name: 'nobody' })).message).toContain('`nobody`')
    expect((await refused({ model: 'openai/x' }, { model_info: { team_id: 't' } })).param).toBe('model_info.team_id')
    expect((await refused({ model: 'openai/x' }, { nonsense: 1 })).param).toBe('nonsense')
    expect(await at.house.store.models.count({})).toBe(0)
    const quiet = { model: 'openai/x', max_budget: null, tags: [], guardrails: [], use_in_pass_through: false }
    const { status } = await at.ask('POST /model/new', {
      model_name: 'm',
      litellm_params: quiet,
      model_info: { team_id: null },
    })
    expect(status).toBe(200)
  })

  test('is changed to nothing that could not work', async () => {
    const at = await house()
    const { body } = await at.ask('POST /model/new', {
      model_name: 'm',
      litellm_params: paramsFor(at, { api_key: canary }),
    })
    const { status } = await at.ask(`PATCH /model/${body.model_id}/update`, { litellm_params: { model: 'nobody/x' } })
    expect(status).toBe(400)
    expect((await at.chat('m')).status).toBe(200)
    const other = await at.ask(`PATCH /model/${body.model_id}/update`, { model_info: { id: 'another' } })
    expect(errorOf(other.body).param).toBe('model_info.id')
  })

  test('never changes or replaces one of the configuration', async () => {
    const at = await house({
      models: [{ model_name: 'declared', litellm_params: { model: 'groq/x' }, model_info: { id: 'of-file' } }],
    })
    for (const [what, body] of [
      ['POST /model/update', { model_info: { id: 'of-file' }, model_name: 'x' }],
      ['PATCH /model/of-file/update', { model_name: 'x' }],
      ['POST /model/delete', { id: 'of-file' }],
      ['POST /model/block', { model_id: 'of-file' }],
    ] as const) {
      const answer = await at.ask(what, body)
      expect(answer.status).toBe(400)
      expect(errorOf(answer.body).message).toContain('lives in the configuration file')
    }
    const twin = { model_name: 'x', litellm_params: paramsFor(at), model_info: { id: 'of-file' } }
    expect((await at.ask('POST /model/new', twin)).status).toBe(400)
    const own = { ...twin, model_info: { id: 'own' } }
    expect((await at.ask('POST /model/new', own)).status).toBe(200)
    expect((await at.ask('POST /model/new', own)).status).toBe(400)
  })

  test('is for administrators', async () => {
    const at = await house()
    const key = await at.key()
    for (const what of [
      'POST /model/new',
      'POST /model/update',
      'POST /model/delete',
      'GET /credentials',
      'POST /credentials',
    ])
      expect((await at.ask(what, what.startsWith('GET') ? undefined : {}, key)).status).toBeGreaterThanOrEqual(401)
  })

  test('takes a variable as it is written, and its value where it is called', async () => {
    const at = await house({ env: { PROVIDER_KEY: canary } })
    const params = paramsFor(at, { api_key: 'os.environ/PROVIDER_KEY' })
    const { body } = await at.ask('POST /model/new', { model_name: 'm', litellm_params: params })
    expect(body.litellm_params).toMatchObject({ api_key: 'os.environ/PROVIDER_KEY' })
    await at.chat('m')
    expect(at.lastCall()?.headers.authorization).toBe(`Bearer ${canary}`)
  })
})

describe('a store with models', () => {
  test('holds no secret in its bytes, and serves them again after a restart', async () => {
    const { file, remove } = storeFolder()
    open.push(remove)
    const options = { general: { database_url: `sqlite:${file}` } }
    const before = await modelsHouse(options)
    await before.ask('POST /credentials', { credential_name: 'c', credential_values: { api_key: `${canary}-c` } })
    await before.ask('POST /model/new', { model_name: 'mine', litellm_params: paramsFor(before, { api_key: canary }) })
    await before.close()
    for (const name of readdirSync(dirname(file), { recursive: true, withFileTypes: true }))
      if (name.isFile()) expect(readFileSync(join(name.parentPath, name.name)).includes(canary)).toBe(false)
    const after = await house(options)
    expect((await after.chat('mine')).status).not.toBe(400)
    expect(after.house.models.added()[0]?.litellm_params.api_key).toBe(canary)
  })

  test('that was sealed with another salt shows what is broken and serves the rest', async () => {
    const { file, remove } = storeFolder()
    open.push(remove)
    const general = { database_url: `sqlite:${file}` }
    const before = await modelsHouse({ general, env: { TURNPIKE_SALT_KEY: 'salt-one' } })
    await before.ask('POST /model/new', {
      model_name: 'sealed',
      litellm_params: paramsFor(before, { api_key: canary }),
    })
    await before.ask('POST /model/new', { model_name: 'free', litellm_params: { model: 'x', mock_response: 'hi' } })
    await before.close()
    const after = await house({ general, env: { TURNPIKE_SALT_KEY: 'salt-two' } })
    const [broken, ...others] = after.house.models.broken()
    expect(others).toEqual([])
    expect(broken).toMatchObject({ name: 'sealed' })
    expect(broken?.why).toContain('is sealed with the key')
    expect((await after.chat('sealed')).status).toBe(400)
    expect((await after.chat('free')).status).toBe(200)
    const fixed = await after.ask(`PATCH /model/${broken?.id}/update`, {
      litellm_params: paramsFor(after, { api_key: canary }),
    })
    expect(fixed.status).toBe(200)
    expect(after.house.models.broken()).toEqual([])
    expect((await after.chat('sealed')).status).toBe(200)
  })
})
