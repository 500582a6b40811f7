import { describe, expect, test } from 'bun:test'
import { fillCompany, hashOf, saltKey, secrets } from '../import-litellm/testing/company.ts'
import { oldDatabase } from '../import-litellm/testing/tables.ts'
import { createSealing } from '../sealing/create-sealing.ts'
import { openSqlite } from '../store/sqlite.ts'
import { newDatabase, newFile, onPostgres, postgres } from '../store/testing/databases.ts'
import { importFromLiteLLM } from './import.ts'

describe.skipIf(!postgres)(`turnpike import litellm, from ${onPostgres}`, () => {
  test('writes only when it is told to, and closes what it opened, when it fails too', async () => {
    const old = await oldDatabase(await newDatabase())
    await fillCompany(old)
    await old.close()
    const path = newFile()
    const opened: Awaited<ReturnType<typeof openSqlite>>[] = []
    const open = async () => {
      const store = await openSqlite(path)
      opened.push(store)
      return store
    }
    const lines: string[] = []
    const command = { source: old.url, saltKey, open, sealing: createSealing({ keys: [{ secret: 'ours' }] }) }
    const print = (line: string) => void lines.push(line)
    expect(await importFromLiteLLM(command, print)).toBe(0)
    expect(lines.join('\n')).toMatch(/keys +5 +3 +0 +2\n[\s\S]*Nothing was written/)
    expect(await importFromLiteLLM({ ...command, apply: true }, print)).toBe(0)
    await expect(importFromLiteLLM({ ...command, source: 'postgres://u@127.0.0.1:1/x' }, print)).rejects.toThrow()
    for (const store of opened) await expect(store.ping()).rejects.toThrow()
    const store = await openSqlite(path)
    expect((await store.keys.find(hashOf(secrets.ann)))?.value.alias).toBe('ann-key')
    await store.close()
  })
})
