import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { createAccess } from '../../access/create-access.ts'
import type { House } from '../../house.ts'
import { createLedger } from '../../ledger/create-ledger.ts'
import { openSqlite } from '../../store/sqlite.ts'
import type { Principal, VirtualKey } from '../../vocabulary/principal.ts'
import { adminRoutes } from '../routes.ts'

/** What a request has beyond its body. */
export interface Ask {
  readonly principal?: Principal
  readonly text?: string
  readonly headers?: Record<string, string>
}

type Shown = Record<string, unknown>

/** The management API over an empty store, for tests: `ask` calls a route as the pipeline would after it has let the caller in. */
export async function openDesk() {
  const clock = { now: Date.UTC(2026, 10, 22, 12) }
  const store = await openSqlite(':memory:')
  const now = () => clock.now
  const house = {
    store,
    access: createAccess({
      masterKeys: ['sk-master'],
      findKey: async (hash) => (await store.keys.find(hash))?.value,
      now,
    }),
    ledger: createLedger({ store, now, onError: () => {}, flushMs: 1 }),
    now,
  } as House

  async function ask(what: string, body: object = {}, how: Ask = {}): Promise<Shown> {
    const [method = '', target = ''] = what.split(' ')
    const [path, query] = target.split('?')
    const route = adminRoutes.find((row) => row.method === method && row.paths[0] === path)
    if (!route) throw new Error(`no route ${what}`)
    const call = {
      request: new Request(`http://gateway${target}`, { method, headers: how.headers ?? {} }),
      params: {},
      query: new URLSearchParams(query),
      body: method === 'GET' ? undefined : new TextEncoder().encode(how.text ?? JSON.stringify(body)),
      principal: how.principal ?? ({ kind: 'master' } as const),
      callId: 'c',
    }
    const response = await route.handle(call, house)
    return (await response.json()) as Shown
  }

  return {
    clock,
    house,
    ask,
    generate: (body: object = {}) => ask('POST /key/generate', body),
    async refusal(what: string, body?: object, how?: Ask): Promise<GatewayError> {
      try {
        await ask(what, body, how)
      } catch (thrown) {
        if (thrown instanceof GatewayError) return thrown
        throw thrown
      }
      throw new Error('it was done')
    },
    async keyOf(secret: unknown): Promise<VirtualKey> {
      const principal = await house.access.identify(String(secret))
      if (principal.kind !== 'key') throw new Error('not a key')
      return principal.key
    },
    async close() {
      await house.ledger.close()
      await store.close()
    },
  }
}
