import { afterEach, describe, expect, test } from 'bun:test'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { mask } from '../../registry/secrets.ts'
import { type ModelsHouse, modelsHouse, paramsFor } from './testing/models-house.ts'

const canary = 'sk-canary-of-a-credential-0815'
let at: ModelsHouse

afterEach(() => at.close())

const credential = (values: JsonObject = { api_key: canary }) => ({
  credential_name: 'shared',
  credential_values: { api_base: `${at.provider.url}/openai/v1`, ...values },
  credential_info: { custom_llm_provider: 'groq' },
})

describe('a credential', () => {
  test('is kept under a name and shown with what is secret masked', async () => {
    at = await modelsHouse()
    const made = await at.ask('POST /credentials', credential({ api_key: canary, unheard_of: canary }))
    expect(made).toEqual({ status: 200, body: { success: true, message: 'Credential created successfully' } })
    const shown = {
      credential_name: 'shared',
      credential_values: { api_base: `${at.provider.url}/openai/v1`, api_key: mask, unheard_of: mask },
      credential_info: { custom_llm_provider: 'groq' },
    }
    expect((await at.ask('GET /credentials')).body).toEqual({ success: true, credentials: [shown] })
    expect((await at.ask('GET /credentials/by_name/shared')).body).toEqual(shown)
    expect((await at.ask('GET /credentials/by_name/nobody')).status).toBe(404)
    expect((await at.ask('POST /credentials', credential())).status).toBe(409)
  })

  test('lies under the parameters of the models that refer to it, and they follow when it changes', async () => {
    at = await modelsHouse()
    await at.ask('POST /credentials', credential())
    const model = { model: 'groq/llama-3.3-70b-versatile', litellm_credential_name: 'shared' }
    const { status, body } = await at.ask('POST /model/new', { model_name: 'm', litellm_params: model })
    expect(status).toBe(200)
    expect(body.litellm_params).toEqual(model)
    await at.chat('m')
    expect(at.lastCall()?.headers.authorization).toBe(`Bearer ${canary}`)
    const own = { ...model, api_key: 'sk-own-key-of-the-model' }
    await at.ask('POST /model/new', { model_name: 'own', litellm_params: own })
    await at.chat('own')
    expect(at.lastCall()?.headers.authorization).toBe('Bearer sk-own-key-of-the-model')
    const changed = await at.ask('PATCH /credentials/shared', { credential_values: { api_key: `${canary}-2` } })
    expect(changed.body).toEqual({ success: true, message: 'Credential updated successfully' })
    await at.chat('m')
    expect(at.lastCall()?.headers.authorization).toBe(`Bearer ${canary}-2`)
    expect(at.lastCall()?.url).toContain(at.provider.url)
  })

  test('that is deleted leaves its models broken, with why', async () => {
    at = await modelsHouse()
    await at.ask('POST /credentials', credential())
    const params = { model: 'groq/x', litellm_credential_name: 'shared' }
    await at.ask('POST /model/new', { model_name: 'm', litellm_params: params })
    const gone = await at.ask('DELETE /credentials/shared')
    expect(gone.body).toEqual({ success: true, message: 'Credential deleted successfully' })
    expect(at.house.models.broken()).toMatchObject([{ name: 'm' }])
    expect(at.house.models.broken()[0]?.why).toContain('`shared`')
    expect((await at.chat('m')).status).toBe(400)
    expect((await at.ask('DELETE /credentials/shared')).status).toBe(404)
    const { rows } = await at.house.store.audit.list({ table: 'LiteLLM_CredentialsTable', limit: 10 })
    expect(rows.map(({ action }) => action)).toEqual(['created', 'deleted'])
    expect(JSON.stringify(rows)).not.toContain(canary)
  })

  test('is made from a model that has one', async () => {
    at = await modelsHouse()
    const params = paramsFor(at, { api_key: canary })
    const { body } = await at.ask('POST /model/new', { model_name: 'm', litellm_params: params })
    const sent = { credential_name: 'taken', model_id: body.model_id, credential_info: {} }
    expect((await at.ask('POST /credentials', sent)).status).toBe(200)
    const by = await at.ask(`GET /credentials/by_model/${body.model_id}`)
    expect(by.body.credential_values).toEqual({ api_base: `${at.provider.url}/openai/v1`, api_key: mask })
    const next = { model: 'groq/other', litellm_credential_name: 'taken' }
    await at.ask('POST /model/new', { model_name: 'n', litellm_params: next })
    await at.chat('n')
    expect(at.lastCall()?.headers.authorization).toBe(`Bearer ${canary}`)
  })
})
