import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type HouseOptions, type TestHouse, testHouse } from '../../../../../tests/house.ts'
import type { House } from '../../../house.ts'

/** What the API answered. */
export interface Answer {
  readonly status: number
  readonly body: JsonObject
}

export interface ModelsHouse extends TestHouse {
  readonly house: House
  /** calls the management API, as the master unless a key is given: `ask('POST /model/new', {…})` */
  ask(what: string, body?: object, key?: string): Promise<Answer>
  /** calls a model and says what came of it */
  chat(model: string, key?: string): Promise<Answer>
  /** what the provider was shown last */
  lastCall():
    | { readonly headers: Readonly<Record<string, string>>; readonly body: string; readonly url: string }
    | undefined
}

/** A test's house with short ways to its management API. */
export async function modelsHouse(options: HouseOptions = {}): Promise<ModelsHouse> {
  const house = await testHouse(options)
  const ask = async (what: string, body?: object, key = house.master): Promise<Answer> => {
    const [method = '', path = ''] = what.split(' ')
    const response = await fetch(house.url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as JsonObject }
  }
  return {
    ...house,
    house: house.gateway.house,
    ask,
    chat: (model, key) =>
      ask('POST /v1/chat/completions', { model, messages: [{ role: 'user', content: 'hello' }] }, key),
    lastCall: () => house.provider.requests.at(-1),
  }
}

/** A folder for a SQLite file, gone after the test. */
export function storeFolder(): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-models-'))
  return { file: join(folder, 'turnpike.db'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** A model's parameters that lead to the fake provider. */
export function paramsFor(house: Pick<TestHouse, 'provider'>, more: JsonObject = {}): JsonObject {
  return { model: 'groq/llama-3.3-70b-versatile', api_base: `${house.provider.url}/openai/v1`, ...more }
}
