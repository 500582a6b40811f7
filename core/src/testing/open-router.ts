import { callOf } from '../client/call.ts'
import { isGatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Attempt } from '../router/attempt.ts'
import { createRouter } from '../router/create.ts'
import type { RouterSettings } from '../router/deployment.ts'
import type { Asking } from '../router/dispatch.ts'
import type { Cooled } from '../router/health/health.ts'
import type { ModelEntry } from '../router/model-list/entry.ts'
import { fakeProvider } from './fake-provider.ts'

/** An entry at the fake provider; the model's name is how it behaves. */
export function entryAt(name: string, model: string, params: JsonObject = {}, info?: JsonObject): ModelEntry {
  return {
    model_name: name,
    litellm_params: { model: `openai/${model}`, api_key: 'sk-x', api_base: 'http://provider.example/v1', ...params },
    ...(info && { model_info: info }),
  }
}

/** A router over a provider in memory, with a clock that only waiting moves and dice that fall low unless told otherwise. */
export function openRouter(
  entries: readonly ModelEntry[],
  settings: Partial<RouterSettings> = {},
  roll: () => number = () => 0,
) {
  const fake = fakeProvider()
  const clock = { now: 1_700_000_000_000 }
  const waits: number[] = []
  const cooled: Cooled[] = []
  const router = createRouter(entries, settings, {
    fetch: (url, init) => fake.handle(new Request(url, init)),
    now: () => clock.now,
    tick: () => clock.now,
    dice: roll,
    async sleep(ms) {
      if (ms > 0) waits.push(ms)
      clock.now += ms
    },
    environment: {},
    onCooled: (one) => void cooled.push(one),
  })
  const callFor = (model: string, fields: JsonObject = {}) =>
    callOf({
      format: 'openai-chat',
      bytes: new TextEncoder().encode(
        JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }], ...fields }),
      ),
    })

  /** Asks, and tells what came of it and which models the provider was asked for, in order. */
  async function ask(model: string, asking: Asking = {}, fields: JsonObject = {}) {
    const before = fake.requests.length
    const attempts: Attempt[] = []
    const told = await router
      .ask(callFor(model, fields), router.group(model), { note: (attempt) => void attempts.push(attempt), ...asking })
      .then((answer) => {
        answer.done({ outputTokens: 1 })
        return answer
      })
      .catch((thrown: unknown) => {
        if (isGatewayError(thrown)) return thrown
        throw thrown
      })
    const seen = fake.requests.slice(before).map(({ body }) => (JSON.parse(body) as { model: string }).model)
    return { told, seen, attempts }
  }
  return { router, ask, callFor, waits, clock, fake, cooled }
}
