import { describe, expect, test } from 'bun:test'
import { createSealing } from '../sealing/create-sealing.ts'
import { isSecretValue, mask, masked, opened, sealed } from './secrets.ts'

const sealing = createSealing({ keys: [{ secret: 'salt' }] })

const params = {
  model: 'openai/gpt-4o',
  api_key: 'sk-canary',
  aws_secret_access_key: 'canary',
  vertex_credentials: { type: 'service_account', private_key: 'canary', nested: ['canary'] },
  extra_headers: { 'X-Anything': 'canary' },
  extra_body: { plain: 'shown', auth: { login: 'canary' } },
  azure_ad_token: 'os.environ/TOKEN',
  litellm_credential_name: 'shared',
  max_tokens: 100,
  input_cost_per_token: 0.1,
  client_secret: '',
}

describe('secrets of parameters', () => {
  test('are sealed by their names, however deep, and nothing else is', () => {
    const stored = sealed(params, sealing)
    expect(JSON.stringify(stored)).not.toContain('canary')
    expect(stored).toMatchObject({
      model: 'openai/gpt-4o',
      extra_body: { plain: 'shown' },
      azure_ad_token: 'os.environ/TOKEN',
      litellm_credential_name: 'shared',
      max_tokens: 100,
      input_cost_per_token: 0.1,
      client_secret: '',
    })
    expect(opened(stored, sealing)).toEqual(params)
  })

  test('are masked alike, sealed or not', () => {
    const shown = masked(params, sealing)
    expect(masked(sealed(params, sealing), sealing)).toEqual(shown)
    expect(shown).toMatchObject({
      api_key: mask,
      extra_headers: { 'X-Anything': mask },
      extra_body: { plain: 'shown', auth: { login: mask } },
      azure_ad_token: 'os.environ/TOKEN',
      litellm_credential_name: 'shared',
    })
  })

  test('that a URL holds are masked', () => {
    const shown = masked({ api_base: 'https://user:canary@x.example/v1?key=canary' }, sealing)
    expect(shown.api_base).toBe(`https://${mask}@x.example/v1?${mask}`)
  })

  test('of a credential are all that is not known to be plain', () => {
    const values = { api_base: 'https://x.example', unheard_of: 'canary', region_name: 'eu' }
    const stored = sealed(values, sealing, isSecretValue)
    expect(stored).toMatchObject({ api_base: 'https://x.example', region_name: 'eu' })
    expect(sealing.open(String(stored.unheard_of))).toBe('canary')
  })
})
