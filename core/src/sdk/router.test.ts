import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../kernel/faults.ts'
import { fakeProvider } from '../testing/fake-provider.ts'
import { Router, type RouterParams } from './client.ts'
import { receiptOf } from './receipt.ts'

const messages = [{ role: 'user', content: 'hello' }] as const

/** A deployment at a host of its own, with a key of its own. */
const at = (model_name: string, host: string, more: object = {}) => ({
  model_name,
  litellm_params: { model: 'openai/some-model', api_base: `https://${host}/v1`, api_key: `sk-${host}`, ...more },
})

/** A router over hosts of which some fail. */
function scene(params: RouterParams, failing: Readonly<Record<string, string>> = {}) {
  const fake = fakeProvider()
  const hosts: string[] = []
  const fetch = (url: string, init: RequestInit) => {
    const { host } = new URL(url)
    hosts.push(host)
    const script = failing[host]
    if (script !== undefined) fake.script(script)
    return fake.handle(new Request(url, init))
  }
  return { router: new Router(params, { environment: {}, fetch }), hosts, fake }
}

const several = async (router: Router, times: number) => {
  for (let turn = 0; turn < times; turn++) await router.completion({ model: 'group', messages })
}

describe('a router', () => {
  test('spreads calls over the deployments of a group, each with its own key', async () => {
    const { router, hosts, fake } = scene({ model_list: [at('group', 'a.example'), at('group', 'b.example')] })
    await several(router, 60)
    expect(new Set(hosts)).toEqual(new Set(['a.example', 'b.example']))
    for (const { url, headers } of fake.requests) expect(headers.authorization).toBe(`Bearer sk-${new URL(url).host}`)
  })

  test('goes by weight, and by order before it', async () => {
    const weighed = scene({
      model_list: [at('group', 'a.example', { weight: 1 }), at('group', 'b.example', { weight: 0 })],
    })
    await several(weighed.router, 30)
    expect(new Set(weighed.hosts)).toEqual(new Set(['a.example']))
    const ordered = scene({
      model_list: [at('group', 'a.example', { order: 2 }), at('group', 'b.example', { order: 1 })],
    })
    await several(ordered.router, 30)
    expect(new Set(ordered.hosts)).toEqual(new Set(['b.example']))
  })

  test('answers by another deployment at once when one fails, and leaves that one alone for its cooldown', async () => {
    const { router, hosts } = scene(
      { model_list: [at('group', 'a.example'), at('group', 'b.example')], cooldown_time: 60 },
      { 'a.example': 'status-429' },
    )
    await several(router, 40)
    expect(hosts.filter((host) => host === 'a.example').length).toBeLessThanOrEqual(1)
    expect(hosts.filter((host) => host === 'b.example').length).toBe(40)
  })

  test('falls back to another group when a whole group fails, and says so', async () => {
    const { router } = scene(
      {
        model_list: [at('group', 'a.example'), at('spare', 'b.example')],
        fallbacks: [{ group: ['spare'] }],
        num_retries: 0,
      },
      { 'a.example': 'status-500' },
    )
    const answer = await router.completion({ model: 'group', messages })
    expect(receiptOf(answer)).toMatchObject({ fallbacks: 1, provider: 'openai' })
    const stream = await router.completion({ model: 'group', messages, stream: true })
    let text = ''
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    expect(text).toBe('You said: hello')
  })

  test('throws the first group’s failure when all fail', async () => {
    const { router } = scene(
      {
        model_list: [at('group', 'a.example'), at('spare', 'b.example')],
        default_fallbacks: ['spare'],
        num_retries: 0,
      },
      { 'a.example': 'status-401', 'b.example': 'status-404' },
    )
    const error = await router.completion({ model: 'group', messages }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(GatewayError)
    expect(error).toMatchObject({ code: 'provider-auth', status: 401, provider: 'openai' })
  })

  test('knows wildcards, deployment ids and no other names', async () => {
    const { router, fake } = scene({
      model_list: [
        {
          ...at('openai/*', 'a.example'),
          litellm_params: { ...at('', 'a.example').litellm_params, model: 'openai/*' },
        },
        { ...at('group', 'b.example'), model_info: { id: 'the-one' } },
      ],
    })
    await router.completion({ model: 'openai/gpt-x', messages })
    await router.completion({ model: 'the-one', messages })
    expect(fake.requests.map(({ url, body }) => [new URL(url).host, JSON.parse(body).model])).toEqual([
      ['a.example', 'gpt-x'],
      ['b.example', 'some-model'],
    ])
    const error = await router.completion({ model: 'nobody', messages }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unknown-model' })
  })

  test('refuses at once an entry that names no provider', () => {
    const entry = { model_name: 'x', litellm_params: { model: 'nobody-knows-me' } }
    expect(() => scene({ model_list: [entry] })).toThrow(GatewayError)
  })

  test('gives up after its timeout, in seconds', async () => {
    const { router } = scene(
      { model_list: [at('group', 'a.example')], timeout: 0.02, num_retries: 0 },
      { 'a.example': 'hang' },
    )
    const error = await router.completion({ model: 'group', messages }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'provider-timeout', provider: 'openai' })
  })

  test('answers in the shape of Responses', async () => {
    const { router } = scene({ model_list: [at('group', 'a.example')] })
    expect((await router.responses({ model: 'group', input: 'hello' })).object).toBe('response')
  })
})
