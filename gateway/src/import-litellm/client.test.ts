import { describe, expect, test } from 'bun:test'
import { testHouse } from '../../../tests/house.ts'
import { verify } from '../ledger/verify.ts'
import { createSealing } from '../sealing/create-sealing.ts'
import { openSqlite } from '../store/sqlite.ts'
import { newDatabase, newFile, onPostgres, postgres } from '../store/testing/databases.ts'
import { importLiteLLM } from './import-litellm.ts'
import { fillCompany, hashOf, noon, saltKey, secrets } from './testing/company.ts'
import { oldDatabase } from './testing/tables.ts'

const sealing = createSealing({ keys: [{ secret: 'ours' }] })

describe.skipIf(!postgres)(`after an import from ${onPostgres}`, () => {
  test('a client goes on with the key it has, within the limits of its team, and its spend goes on', async () => {
    const path = newFile()
    const store = await openSqlite(path)
    const old = await oldDatabase(await newDatabase())
    await fillCompany(old)
    await importLiteLLM({ source: old.url, store, sealing, saltKey, apply: true, now: () => noon, print: () => {} })
    await old.close()
    await store.close()
    const house = await testHouse({ general: { database_url: `sqlite:///${path}` }, outside: { now: () => noon } })
    const ask = async (key: string, model = 'fast') => {
      const answer = await fetch(`${house.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model, user: 'c-2', messages: [{ role: 'user', content: 'hello' }] }),
      })
      return { status: answer.status, text: await answer.text() }
    }
    try {
      expect(await ask(secrets.ann)).toMatchObject({ status: 200 })
      expect(await ask(secrets.ann, 'claude')).toMatchObject({ status: 403 })
      expect(await ask(secrets.ann)).toMatchObject({ status: 200 })
      const third = await ask(secrets.ann)
      expect(third.status).toBe(429)
      expect(third.text).toContain('blue')
      const spent = await ask(secrets.spent, 'gpt')
      expect(spent.status).toBe(429)
      expect(spent.text).toContain('udget')
      await house.gateway.house.ledger.flush()
      const balance = await house.gateway.house.store.balanceOf(`key:${hashOf(secrets.ann)}:30d:2026-11-01`)
      expect(balance).toBeGreaterThan(300_000_000)
      expect((await verify(house.gateway.house.store)).difference).toBe(0)
    } finally {
      await house.close()
    }
  })
})
