import { describe, expect, test } from 'bun:test'
import { faultsIn, readText } from '../testing/read-text.ts'

const list = (credentials: string, params: string) => `
model_list:
  - model_name: m
    litellm_params: {${params}}
credential_list:
${credentials}`

const shared = `
  - credential_name: shared
    credential_values: {api_key: os.environ/KEY, api_base: https://x.example/v1}
    credential_info: {description: of everybody}`

describe('credential_list', () => {
  test('lies under the models that refer to it: what they say themselves holds', () => {
    const { models, credentials, warnings } = readText(
      list(shared, 'model: openai/gpt-4o, litellm_credential_name: shared, api_base: https://own.example/v1'),
      { KEY: 'sk-value' },
    )
    expect(models[0]?.litellm_params).toEqual({
      model: 'openai/gpt-4o',
      api_key: 'sk-value',
      api_base: 'https://own.example/v1',
    })
    expect(credentials).toEqual([
      {
        name: 'shared',
        values: { api_key: 'sk-value', api_base: 'https://x.example/v1' },
        about: { description: 'of everybody' },
      },
    ])
    expect(warnings).toEqual([])
  })

  test('is complained of where it stands', () => {
    expect(faultsIn(list(shared, 'model: openai/gpt-4o, litellm_credential_name: other'), { KEY: 'k' })[0]).toContain(
      'which `credential_list` does not have',
    )
    const faults = faultsIn(list(`${shared}${shared}\n  - credential_name: empty`, 'model: openai/gpt-4o'), {
      KEY: 'k',
    })
    expect(faults.join('\n')).toContain('stands here twice')
    expect(faults.join('\n')).toContain('of `empty` is missing')
    expect(faultsIn(list('  - credential_values: {a: b}', 'model: openai/gpt-4o'))[0]).toContain('credential_name')
  })
})
