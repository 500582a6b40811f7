import { expect, test } from 'bun:test'
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { newFile } from '../testing/databases.ts'
import { connectSqlite } from './sqlite.ts'

test('a transaction keeps other writers out from its beginning, unless it only reads', async () => {
  const path = newFile()
  const connection = connectSqlite(path)
  await sql`create table t (v int)`.execute(connection.db)
  const other = new DatabaseSync(path)
  const write = () => other.exec('begin immediate; insert into t values (1); commit')
  await connection.db.transaction().execute(async () => expect(write).toThrow('locked'))
  await connection.db
    .transaction()
    .setAccessMode('read only')
    .execute(async (trx) => {
      const count = async () => (await sql`select * from t`.execute(trx)).rows.length
      expect(await count()).toBe(0)
      write()
      expect(await count()).toBe(0)
    })
  expect((await sql`select * from t`.execute(connection.db)).rows).toEqual([{ v: 1 }])
  other.close()
  await connection.close()
})

test('a file that cannot be written is a store that is down, and a wrong statement is not', async () => {
  const connection = connectSqlite(newFile())
  await sql`create table t (v int unique)`.execute(connection.db)
  await sql`insert into t values (1)`.execute(connection.db)
  await expect(sql`insert into t values (1)`.execute(connection.db)).rejects.toMatchObject({ code: 'ERR_SQLITE_ERROR' })
  await sql`pragma query_only = 1`.execute(connection.db)
  await expect(sql`insert into t values (2)`.execute(connection.db)).rejects.toMatchObject({ code: 'store-down' })
  expect(() => connection.run?.('insert into t values (?)', [3])).toThrow('cannot be asked')
  await connection.close()
})
