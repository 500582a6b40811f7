import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '../store/sqlite.ts'
import { auditVerify } from './audit.ts'

async function withTrail(work: (file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-audit-'))
  const file = join(folder, 'store.db')
  try {
    const store = await openSqlite(file)
    for (const id of ['a', 'b', 'c'])
      await store.audit.append({
        id,
        at: 1,
        changedBy: 'ann',
        action: 'created',
        table: 'T',
        objectId: id,
        after: { max: 1 },
      })
    await store.close()
    await work(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function verified(file: string): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const lines: string[] = []
  const code = await auditVerify(
    () => openSqlite(file),
    (line) => void lines.push(line),
  )
  return { code, lines }
}

function tamper(file: string, statement: string): void {
  const database = new Database(file)
  database.run(statement)
  database.close()
}

test('a trail that nobody touched is whole', async () => {
  await withTrail(async (file) => {
    const { code, lines } = await verified(file)
    expect(code).toBe(0)
    expect(lines).toEqual([expect.stringContaining('3 entries')])
  })
})

test.each([
  ['changed', `update audit_trail set after_value = '{"max":2}' where id = 'b'`, 'entry b '],
  ['taken out', "delete from audit_trail where id = 'b'", 'entry c '],
])('an entry that was %s is named', async (_, statement, named) => {
  await withTrail(async (file) => {
    tamper(file, statement)
    const { code, lines } = await verified(file)
    expect(code).toBe(1)
    expect(lines).toEqual([expect.stringContaining(named)])
  })
})
