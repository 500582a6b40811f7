import { afterAll, beforeAll } from 'bun:test'
import type { RecordedRequest } from 'turnpike-core/internal/testing/fake-provider'
import type { FormatId } from 'turnpike-core/internal/vocabulary/format-id'
import { type TestHouse, testHouse } from '../house.ts'

/** A model group and the wire format behind it. */
export interface Backend {
  readonly model: string
  readonly format: FormatId
}

/** A model group for each wire format that a provider may speak. */
export const backends = [
  { model: 'gpt', format: 'openai-chat' },
  { model: 'codex', format: 'openai-responses' },
  { model: 'claude', format: 'anthropic-messages' },
  { model: 'gem', format: 'gemini' },
] as const satisfies readonly Backend[]

/** The same with models that think when told how hard. */
export const thinkers = [
  { model: 'o', format: 'openai-chat' },
  { model: 'codex', format: 'openai-responses' },
  { model: 'claude', format: 'anthropic-messages' },
  { model: 'gem', format: 'gemini' },
] as const satisfies readonly Backend[]

/** A red dot: the smallest PNG that decodes. */
export const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='

/** Parameters of the tool that every client offers. */
export const citySchema = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const, description: 'Name of the city' } },
  required: ['city'],
  additionalProperties: false,
}

/** A house for the tests of one file, with a key that may call everything; closed after the last. */
export interface Scene {
  readonly house: TestHouse
  readonly key: string
  /** the newest request that the provider saw */
  seen(): RecordedRequest
  /** how many it has seen */
  count(): number
}

/** Without retries and cooldowns, so that what the provider answers is what the client gets. */
export function openScene(): Scene {
  let house: TestHouse | undefined
  let key = ''
  beforeAll(async () => {
    house = await testHouse({ router: { num_retries: 0, disable_cooldowns: true } })
    key = await house.key()
  })
  afterAll(() => house?.close())
  const open = (): TestHouse => {
    if (!house) throw new Error('the house is not open yet')
    return house
  }
  return {
    get house() {
      return open()
    },
    get key() {
      return key
    },
    seen() {
      const last = open().provider.requests.at(-1)
      if (!last) throw new Error('the provider has seen nothing')
      return last
    },
    count: () => open().provider.requests.length,
  }
}

/** Waits until something holds; fails after two seconds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 2000; !holds(); ) {
    if (Date.now() > end) throw new Error(`it never came to pass: ${what}`)
    await Bun.sleep(5)
  }
}

/** What a promise is rejected with; fails when it is not. */
export async function failure(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (thrown) {
    return thrown
  }
  throw new Error('it did not fail')
}

/** The text of an answer that has yet to come. */
export async function textOf(response: Promise<Response>): Promise<string> {
  return (await response).text()
}
