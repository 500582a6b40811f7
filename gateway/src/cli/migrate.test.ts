import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrations } from '../store/migrations/index.ts'
import { migrate } from './migrate.ts'

test('a check says what is pending and fails, applying runs it, and then there is nothing to say', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-migrate-'))
  const said: string[] = []
  const run = async (options: object) => {
    said.length = 0
    return migrate({ databaseUrl: `sqlite://${folder}/t.db`, ...options }, (line) => said.push(line))
  }
  const lines = (word: string) => migrations.map(({ name }) => `${word} ${name}`)
  expect([await run({ check: true }), ...said]).toEqual([1, ...lines('pending')])
  expect([await run({ apply: true }), ...said]).toEqual([0, ...lines('applied')])
  expect([await run({ check: true }), ...said]).toEqual([0, 'The schema is up to date.'])
  expect(await run({ check: true, apply: true })).toBe(1)
  expect(await run({})).toBe(1)
  rmSync(folder, { recursive: true })
})
