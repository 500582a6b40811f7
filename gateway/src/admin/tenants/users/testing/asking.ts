import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type HouseOptions, type TestHouse, testHouse } from '../../../../../../tests/house.ts'

export interface Asked {
  readonly status: number
  readonly headers: Headers
  readonly body: JsonObject
}

/** A house with short ways to ask its management API. */
export interface Asking {
  readonly house: TestHouse
  /** `POST /team/new` with a body, or with a query where it is a GET */
  ask(at: string, fields?: JsonObject, key?: string): Promise<Asked>
  /** the body of an answer that must be a success */
  get(at: string, fields?: JsonObject, key?: string): Promise<JsonObject>
  /** the secret of a key of a new user */
  person(userId: string, fields?: JsonObject): Promise<string>
  /** calls a model */
  chat(key: string, fields?: JsonObject): Promise<Asked>
  /** actions of the audit trail for one thing, oldest first */
  trail(table: string, objectId: string): Promise<readonly string[]>
}

export async function openAsking(options: HouseOptions = {}): Promise<Asking> {
  const house = await testHouse(options)

  async function ask(at: string, fields: JsonObject = {}, key = house.master): Promise<Asked> {
    const [method = 'GET', path = ''] = at.split(' ')
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const query = method === 'GET' ? `?${new URLSearchParams(fields as Record<string, string>)}` : ''
    const init = method === 'GET' ? { method, headers } : { method, headers, body: JSON.stringify(fields) }
    const response = await fetch(house.url + path + query, init)
    return { status: response.status, headers: response.headers, body: (await response.json()) as JsonObject }
  }

  async function get(at: string, fields: JsonObject = {}, key = house.master): Promise<JsonObject> {
    const { status, body } = await ask(at, fields, key)
    if (status !== 200) throw new Error(`${at}: ${status} ${JSON.stringify(body)}`)
    return body
  }

  return {
    house,
    ask,
    get,
    person: async (userId, fields = {}) => String((await get('POST /user/new', { user_id: userId, ...fields })).key),
    chat: (key, fields = {}) =>
      ask('POST /v1/chat/completions', { model: 'gpt', messages: [{ role: 'user', content: 'hi' }], ...fields }, key),
    async trail(table, objectId) {
      const { rows } = await house.gateway.house.store.audit.list({ table, objectId, limit: 100 })
      return rows.map(({ action }) => action)
    },
  }
}
