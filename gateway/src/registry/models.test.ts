import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import { createSealing } from '../sealing/create-sealing.ts'
import type { Stored } from '../store/aggregate.ts'
import { openSqlite, type SqliteStore } from '../store/sqlite.ts'
import { coalesced } from './coalesce.ts'
import { createModels, type LiveModels, type ModelsPorts } from './create-models.ts'

const sealing = createSealing({ keys: [{ secret: 'salt' }] })
const open: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

function row<T>(value: T, updatedAt = 1): Stored<T> {
  return { value, extra: {}, createdAt: 1, createdBy: 'a', updatedAt, updatedBy: 'a' }
}

const model = (id: string, params: object = {}) => ({
  id,
  name: `name of ${id}`,
  blocked: false,
  entry: { litellm_params: { model: 'openai/gpt-4o', ...params } },
})

async function fileStores(count: number): Promise<SqliteStore[]> {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-registry-'))
  const stores: SqliteStore[] = []
  for (let at = 0; at < count; at++) stores.push(await openSqlite(join(folder, 'x.db')))
  open.push(async () => {
    for (const store of stores) await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return stores
}

function models(store: SqliteStore, more: Partial<ModelsPorts> = {}) {
  const applied: (readonly ModelEntry[])[] = []
  const log: string[] = []
  const made: LiveModels = createModels({
    store,
    sealing,
    declared: [],
    credentials: [],
    environment: {},
    defaults: {},
    log: (line) => void log.push(line),
    apply: (entries) => void applied.push(entries),
    ...more,
  })
  open.push(() => made.stop())
  return { made, applied, log }
}

describe('models of the store', () => {
  test('come from whichever handle wrote them, behind those of the configuration', async () => {
    const [ours, theirs] = (await fileStores(2)) as [SqliteStore, SqliteStore]
    const declared: ModelEntry[] = [{ model_name: 'd', litellm_params: { model: 'openai/gpt-4o' } }]
    const { made, applied } = models(ours, { declared })
    await made.reload()
    expect(applied).toEqual([])
    await theirs.models.insert(row(model('m', { api_key: sealing.seal('sk-secret') })))
    await made.reload()
    expect(applied).toHaveLength(1)
    expect(applied[0]?.map(({ model_name }) => model_name)).toEqual(['d', 'name of m'])
    expect(made.added()[0]).toEqual({
      model_name: 'name of m',
      litellm_params: { model: 'openai/gpt-4o', api_key: 'sk-secret' },
      model_info: { id: 'm' },
    })
    await made.reload()
    expect(applied).toHaveLength(1)
  })

  test('are looked at again when another replica changed, added or took away one', async () => {
    const [ours, theirs] = (await fileStores(2)) as [SqliteStore, SqliteStore]
    const { made } = models(ours, { pollMs: 5 })
    made.start()
    const until = async (is: () => boolean): Promise<void> => {
      for (let tries = 0; !is(); tries++) {
        if (tries > 400) throw new Error('it did not come')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    await theirs.models.insert(row(model('m')))
    await until(() => made.added().length === 1)
    await theirs.models.change('m', (stored) => ({ ...stored, value: { ...stored.value, name: 'new' }, updatedAt: 2 }))
    await until(() => made.added()[0]?.model_name === 'new')
    await theirs.models.remove(['m'])
    await until(() => made.added().length === 0)
  })

  test('that cannot work are named once with why, and do not stand in the way of the others', async () => {
    const [store] = (await fileStores(1)) as [SqliteStore]
    const foreign = createSealing({ keys: [{ secret: 'other' }] })
    await store.models.insertMany([
      row(model('a', { api_key: foreign.seal('sk-canary') })),
      row(model('b', { model: 'nobody/x' })),
      row(model('c', { api_key: 'os.environ/NOT_SET' })),
      row(model('d', { litellm_credential_name: 'gone' })),
      row(model('e')),
      row({ ...model('f'), blocked: true }),
      row({ ...model('g'), entry: {} }),
    ])
    const { made, applied, log } = models(store)
    await made.reload()
    await made.reload()
    expect(applied.at(-1)?.map(({ model_name }) => model_name)).toEqual(['name of e'])
    expect(made.broken().map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'f', 'g'])
    const why = made.broken().map((one) => one.why)
    for (const [at, words] of [
      'sealed with the key',
      'nobody/x',
      'NOT_SET',
      '`gone`',
      'blocked',
      'model is missing',
    ].entries())
      expect(why[at]).toContain(words)
    expect(log).toHaveLength(5)
    expect(log.join()).not.toContain('canary')
  })

  test('give way to one of the configuration with the same id, and use its credentials', async () => {
    const [store] = (await fileStores(1)) as [SqliteStore]
    await store.credentials.insert(row({ id: 'c', values: { api_key: sealing.seal('sk-stored') }, about: {} }))
    await store.models.insertMany([row(model('d')), row(model('m', { litellm_credential_name: 'c' }))])
    const { made } = models(store, {
      declared: [{ model_name: 'd', litellm_params: { model: 'openai/gpt-4o' }, model_info: { id: 'd' } }],
      credentials: [{ name: 'c', values: { api_key: 'sk-of-the-file' }, about: {} }],
    })
    await made.reload()
    expect(made.broken()).toMatchObject([{ id: 'd' }])
    expect(made.added().map(({ litellm_params }) => litellm_params)).toEqual([
      { model: 'openai/gpt-4o', api_key: 'sk-of-the-file' },
    ])
  })

  test('get what the configuration says of every model, where they do not say it themselves', async () => {
    const [store] = (await fileStores(1)) as [SqliteStore]
    await store.models.insertMany([row(model('a')), row(model('b', { temperature: 1 }))])
    const { made } = models(store, { defaults: { temperature: 0.5, drop_params: true } })
    await made.reload()
    expect(made.added().map(({ litellm_params }) => litellm_params)).toMatchObject([
      { temperature: 0.5, drop_params: true },
      { temperature: 1, drop_params: true },
    ])
  })
})

describe('coalesced runs', () => {
  test('never overlap, and all who ask during one share the next', async () => {
    const gates: (() => void)[] = []
    let running = 0
    const run = coalesced(async () => {
      expect(++running).toBe(1)
      await new Promise<void>((resolve) => void gates.push(resolve))
      running--
    })
    const first = run()
    const waiting = [run(), run(), run()]
    gates[0]?.()
    await first
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(gates).toHaveLength(2)
    gates[1]?.()
    await Promise.all(waiting)
    expect(gates).toHaveLength(2)
    const last = run()
    gates[2]?.()
    await last
  })

  test('go on after one that failed', async () => {
    let tries = 0
    const run = coalesced(async () => {
      if (tries++ === 0) throw new Error('once')
    })
    const [failed, next] = [run(), run()]
    expect(failed).rejects.toThrow('once')
    await next
    await run()
    expect(tries).toBe(3)
  })
})
