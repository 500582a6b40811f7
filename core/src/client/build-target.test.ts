import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../kernel/faults.ts'
import { anyProvider, buildTarget, builtin, echo, type TargetSpec } from './build-target.ts'

function refusal(spec: TargetSpec): GatewayError {
  try {
    buildTarget(spec, {})
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
  throw new Error('it was taken')
}

describe('a target', () => {
  test('takes its key from the environment of its provider alone', () => {
    const environment = { OPENAI_API_KEY: 'sk-openai', ANTHROPIC_API_KEY: 'sk-anthropic' }
    expect(buildTarget({ model: 'gpt-4o' }, environment).secret?.reveal()).toBe('sk-openai')
    expect(buildTarget({ model: 'anthropic/claude-sonnet-4-5' }, environment).secret?.reveal()).toBe('sk-anthropic')
    expect(buildTarget({ model: 'groq/llama-3.3-70b-versatile' }, environment).secret).toBeUndefined()
  })

  test('takes the key it is given before the environment’s', () => {
    const target = buildTarget({ model: 'gpt-4o', apiKey: 'sk-own' }, { OPENAI_API_KEY: 'sk-env' })
    expect(target.secret?.reveal()).toBe('sk-own')
  })

  test('has no key of the environment at somebody else’s address', () => {
    const environment = { OPENAI_API_KEY: 'sk-env' }
    expect(
      buildTarget({ model: 'gpt-4o', apiBase: 'https://elsewhere.example/v1' }, environment).secret,
    ).toBeUndefined()
    const own = buildTarget({ model: 'gpt-4o', apiBase: 'https://eu.api.openai.com/v1' }, environment)
    expect(own.secret?.reveal()).toBe('sk-env')
  })

  test('never shows its key when it is printed', () => {
    const target = buildTarget({ model: 'gpt-4o', apiKey: 'sk-own-secret' }, {})
    expect(JSON.stringify({ ...target, environment: undefined }) + Bun.inspect(target)).not.toContain('sk-own-secret')
  })

  test('wears the profile of the model that its deployment’s name stands for', () => {
    const target = buildTarget({ model: 'azure/my-deployment', standsFor: 'azure/o3-mini', apiKey: 'k' }, {})
    expect([target.model, target.profile.thinking]).toEqual(['my-deployment', 'effort'])
    expect(buildTarget({ model: 'azure/my-deployment', apiKey: 'k' }, {}).profile.thinking).toBeUndefined()
  })

  test('reads the version of its API from the environment unless it is told one', () => {
    const environment = { AZURE_API_VERSION: '2024-10-21' }
    expect(buildTarget({ model: 'azure/d', apiKey: 'k' }, environment).apiVersion).toBe('2024-10-21')
    expect(buildTarget({ model: 'azure/d', apiKey: 'k', apiVersion: 'v1' }, environment).apiVersion).toBe('v1')
  })

  test('of a model that nobody is known for is refused with advice', () => {
    expect(refusal({ model: 'nobody-knows-me' }).code).toBe('unknown-model')
    expect(refusal({ model: 'grok/llama' }).message).toContain('groq/llama')
    expect(refusal({ model: 'turnpike/other' }).message).toContain('turnpike/echo')
    expect(refusal({ model: 'm', provider: 'opnai' }).message).toContain('openai')
  })
})

describe('targets that call nobody', () => {
  test('echo needs no key', () => {
    const target = buildTarget({ model: 'turnpike/echo' }, {})
    expect([target.provider, target.model, target.mock]).toEqual([builtin, 'echo', echo])
  })

  test('a mock keeps its provider for the price, and any name will do', () => {
    expect(buildTarget({ model: 'gpt-4o', mock: 'hi' }, {}).provider.name).toBe('openai')
    const unknown = buildTarget({ model: 'whatever', mock: 'hi' }, {})
    expect([unknown.provider, unknown.model, unknown.mock]).toEqual([builtin, 'whatever', 'hi'])
  })

  test('a lone star is told by each name', () => {
    expect(buildTarget({ model: '*' }, {}).provider).toBe(anyProvider)
  })
})
