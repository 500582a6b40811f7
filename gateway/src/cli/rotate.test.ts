import { describe, expect, test } from 'bun:test'
import { createSealing } from '../sealing/create-sealing.ts'
import type { Stored } from '../store/aggregate.ts'
import type { SqliteStore } from '../store/sqlite.ts'
import { openSqlite } from '../store/sqlite.ts'
import { rotateSealing } from './rotate.ts'

const of = (secret: string) => createSealing({ keys: [{ secret }] })
const [old, fresh, foreign] = [of('old salt'), of('new salt'), of('foreign salt')]

function row<T>(value: T): Stored<T> {
  return { value, extra: {}, createdAt: 1, createdBy: 'a', updatedAt: 2, updatedBy: 'b' }
}

async function filled(models: number): Promise<SqliteStore> {
  const store = await openSqlite(':memory:')
  await store.models.insertMany(
    Array.from({ length: models }, (_, at) => {
      const id = `m${String(at).padStart(4, '0')}`
      const params = { model: 'openai/gpt-4o', api_key: old.seal(`sk-${id}`), extra_headers: { a: [old.seal('deep')] } }
      return row({ id, name: 'm', blocked: false, entry: { litellm_params: params } })
    }),
  )
  await store.credentials.insert(
    row({ id: 'c', values: { api_key: old.seal('sk-c'), api_base: 'https://x' }, about: {} }),
  )
  return store
}

describe('rotating the salt', () => {
  test('seals every secret anew, over more than one page, and finds nothing the second time', async () => {
    const store = await filled(205)
    const lines: string[] = []
    const print = (line: string) => void lines.push(line)
    expect(await rotateSealing({ store, from: old, to: fresh }, print)).toBe(0)
    const last = await store.models.find('m0204')
    expect(last?.value.entry.litellm_params).toMatchObject({ model: 'openai/gpt-4o' })
    const params = last?.value.entry.litellm_params as { api_key: string; extra_headers: { a: string[] } }
    expect(fresh.open(params.api_key)).toBe('sk-m0204')
    expect(fresh.open(params.extra_headers.a[0] ?? '')).toBe('deep')
    expect(() => old.open(params.api_key)).toThrow()
    expect(await rotateSealing({ store, from: old, to: fresh }, print)).toBe(0)
    expect(lines).toEqual([
      'models: 205 sealed anew, 0 left as they were, 0 could not be opened',
      'credentials: 1 sealed anew, 0 left as they were, 0 could not be opened',
      'models: 0 sealed anew, 205 left as they were, 0 could not be opened',
      'credentials: 0 sealed anew, 1 left as they were, 0 could not be opened',
    ])
    await store.close()
  })

  test('names what neither key opens, leaves it alone and does the rest', async () => {
    const store = await filled(1)
    const sealed = foreign.seal('sk-foreign')
    await store.models.insert(
      row({ id: 'z', name: 'z', blocked: false, entry: { litellm_params: { api_key: sealed } } }),
    )
    const lines: string[] = []
    expect(await rotateSealing({ store, from: old, to: fresh }, (line) => void lines.push(line))).toBe(1)
    expect(lines[0]).toBe('models: 1 sealed anew, 0 left as they were, 1 could not be opened')
    expect(lines[1]).toContain('models: z ')
    expect((await store.models.find('z'))?.value.entry.litellm_params).toEqual({ api_key: sealed })
    await store.close()
  })
})
