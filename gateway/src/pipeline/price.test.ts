import { describe, expect, test } from 'bun:test'
import { type Call, callOf } from 'turnpike-core/internal/client/call'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import { readEntry } from 'turnpike-core/internal/router/model-list/entry'
import { costOf } from 'turnpike-core/internal/router/price'
import { usageOf } from 'turnpike-core/internal/vocabulary/usage'
import { inputEstimate, worstCase } from './price.ts'

const at = Date.parse('2026-11-22T12:00:00Z')

function deployment(model: string, info: JsonObject = {}, params: JsonObject = {}): Deployment {
  const litellm_params = { model, api_key: 'sk-test', api_base: 'https://provider.example/v1', ...params }
  return readEntry({ model_name: 'm', litellm_params, model_info: info }, {}).deployment
}

function ask(body: JsonObject): Call {
  const bytes = new TextEncoder().encode(JSON.stringify({ model: 'm', messages: [], ...body }))
  return callOf({ format: 'openai-chat', bytes })
}

const worst = (body: JsonObject, ...deployments: Deployment[]) => worstCase(ask(body), deployments, at) as number

describe('the worst case of a call', () => {
  const plain = { input_cost_per_token: 0, output_cost_per_token: 1e-6 }

  test('is no less than what any usage within its bounds costs, at any tier', () => {
    const priced = deployment('openai/gpt-5.4')
    const call = ask({ max_tokens: 500, padding: 'x'.repeat(3000) })
    const most = worstCase(call, [priced], at) as number
    const input = inputEstimate(call)
    for (const serviceTier of [undefined, 'flex', 'priority', 'default'])
      for (const parts of [{ input }, { cacheRead: input }, { cacheWrite1h: input }, { audioIn: input }])
        expect(costOf(usageOf({ ...parts, output: 500 }), priced, { at, serviceTier })?.total).toBeLessThanOrEqual(most)
  })

  test('takes the dearest tier only where the call may be served at it', () => {
    const priced = deployment('hosted_vllm/x', {
      ...plain,
      output_cost_per_token_priority: 3e-6,
      output_cost_per_token_batches: 9e-6,
    })
    const body = { max_tokens: 1000 }
    expect(worst(body, priced)).toBe(3_000_000)
    expect(worst({ ...body, service_tier: 'priority' }, priced)).toBe(3_000_000)
    expect(worst({ ...body, service_tier: 'constructor' }, priced)).toBe(3_000_000)
    for (const service_tier of ['default', 'standard_only', 'flex'])
      expect(worst({ ...body, service_tier }, priced)).toBe(1_000_000)
    const defaulted = { ...priced, defaults: { service_tier: 'default' } }
    expect(worst(body, defaulted)).toBe(1_000_000)
  })

  test('holds a fee per request and the measures that are known, and not the time', () => {
    expect(worst({ max_tokens: 1 }, deployment('hosted_vllm/x', { input_cost_per_request: 0.01 }))).toBe(10_000_000)
    expect(worst({}, deployment('hosted_vllm/x', { input_cost_per_query: 0.002 }))).toBe(2_000_000)
    expect(worst({ n: 3 }, deployment('hosted_vllm/x', { output_cost_per_image: 0.04 }))).toBe(120_000_000)
    expect(worst({}, deployment('hosted_vllm/x', { output_cost_per_second: 1 }))).toBe(0)
    const body = { max_tokens: 10 }
    const length = ask(body).envelope.bytes.length
    expect(worst(body, deployment('hosted_vllm/x', { input_cost_per_character: 1e-6 }))).toBe(length * 1000)
  })

  test('counts an inline image as one and not by its bytes', () => {
    const url = `data:image/png;base64,iVBORw0KGgo${'Ab3/'.repeat(500_000)}`
    const call = ask({
      max_tokens: 1,
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
    })
    expect(inputEstimate(call)).toBeLessThan(5000)
    expect(inputEstimate(call)).toBe(inputEstimate(call))
  })

  test('is that of the dearest deployment, and unknown where the price of one is', () => {
    const body = { max_tokens: 1000 }
    const cheap = deployment('hosted_vllm/x', plain)
    const dear = deployment('hosted_vllm/x', { ...plain, output_cost_per_token: 5e-6 })
    expect(worst(body, cheap, dear)).toBe(5_000_000)
    expect(worstCase(ask(body), [cheap, deployment('hosted_vllm/x')], at)).toBeUndefined()
  })
})
