import { sql } from 'kysely'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Aggregate, Stored } from '../aggregate.ts'
import { retried, wasTaken, wasTakenBack } from '../connections/retried.ts'
import type { Connection, DocumentRow, Sql } from '../tables.ts'
import { fromRow, inOrder, toRow } from './document.ts'
import { countOf, equals, pageOf } from './matching.ts'
import { columnValue, type Shape, uniqueValues } from './shape.ts'

/** Rows of one statement of `insertMany`: at most so many values as either database takes in one. */
const batch = 500

/** The things of one shape that the store keeps. */
export function aggregateOf<T, Column extends string>(
  connection: Connection,
  shape: Shape<T, Column>,
): Aggregate<T, Column> {
  const { db } = connection
  return {
    async find(id) {
      const row = await db.selectFrom(shape.table).selectAll().where('id', '=', id).executeTakeFirst()
      return row && fromRow<T>(row)
    },
    async findMany(ids) {
      if (ids.length === 0) return []
      const rows = db
        .selectFrom(shape.table)
        .selectAll()
        .where(equals(connection.dialect, sql.ref('id'), ids))
      return inOrder<T>(await rows.execute(), ids)
    },
    async findBy(column, value) {
      const row = await first(db, shape, column, columnValue(shape.columns[column], value))
      return row && fromRow<T>(row)
    },
    insert: (stored) => retried(() => insert(db, shape, stored)),
    insertMany: (stored) => insertMany(db, shape, stored),
    change: (id, edit) => change(connection, shape, id, edit),
    async remove(ids) {
      if (ids.length === 0) return []
      const gone = db
        .deleteFrom(shape.table)
        .where(equals(connection.dialect, sql.ref('id'), ids))
        .returningAll()
      return inOrder<T>(await retried(() => gone.execute()), ids)
    },
    async list(query) {
      return (await pageOf(connection, shape, query).execute()).map((row) => fromRow<T>(row))
    },
    async count(query) {
      return (await countOf(connection, shape, query).executeTakeFirstOrThrow()).total
    },
  }
}

async function insert<T, Column extends string>(
  db: Sql,
  shape: Shape<T, Column>,
  stored: Stored<T>,
): Promise<{ readonly taken?: Column | 'id' }> {
  const row = toRow(shape, stored)
  // what was in the way may be gone when it is looked for: then there is room
  for (let tries = 0; tries < 5; tries++) {
    if ((await put(db, shape, [row])).length > 0) return {}
    const taken = (await db.selectFrom(shape.table).select('id').where('id', '=', row.id).executeTakeFirst())
      ? 'id'
      : await takenBy(db, shape, stored.value)
    if (taken !== undefined) return { taken }
  }
  throw new GatewayError('internal', `A row of ${shape.table} could not be put in: others come and go in its place.`)
}

async function insertMany<T, Column extends string>(
  db: Sql,
  shape: Shape<T, Column>,
  stored: readonly Stored<T>[],
): Promise<ReadonlySet<string>> {
  // in one order everywhere: two writers then cannot wait for each other in a circle
  const rows = stored.map((one) => toRow(shape, one)).sort((a, b) => (a.id < b.id ? -1 : 1))
  return retried(() =>
    db.transaction().execute(async (trx) => {
      const fresh: string[] = []
      for (let start = 0; start < rows.length; start += batch)
        fresh.push(...(await put(trx, shape, rows.slice(start, start + batch))))
      return new Set(fresh)
    }),
  )
}

/** Inserts the rows that nothing is in the way of, and returns their ids. */
async function put<T, Column extends string>(
  db: Sql,
  { table }: Shape<T, Column>,
  rows: readonly DocumentRow[],
): Promise<readonly string[]> {
  const statement = db
    .insertInto(table)
    .values([...rows])
    .onConflict((conflict) => conflict.doNothing())
  return (await statement.returning('id').execute()).map(({ id }) => id)
}

async function change<T, Column extends string>(
  connection: Connection,
  shape: Shape<T, Column>,
  id: string,
  edit: (stored: Stored<T>) => Stored<T>,
): Promise<Stored<T> | { readonly taken: Column } | undefined> {
  const once = () =>
    connection.db.transaction().execute(async (trx) => {
      const row = await trx
        .selectFrom(shape.table)
        .selectAll()
        .where('id', '=', id)
        .$if(connection.dialect === 'postgres', (one) => one.forUpdate())
        .executeTakeFirst()
      if (!row) return undefined
      const edited = edit(fromRow<T>(row))
      if (shape.id(edited.value) !== id)
        throw new GatewayError('internal', `The id of a row of ${shape.table} cannot change.`)
      const taken = await takenBy(trx, shape, edited.value)
      if (taken !== undefined) return { taken }
      await trx.updateTable(shape.table).set(toRow(shape, edited)).where('id', '=', id).execute()
      return edited
    })
  // a value that somebody took between our look and our write is found taken at the second look
  return retried(once, (thrown) => wasTakenBack(thrown) || wasTaken(thrown))
}

/** The first column with a unique value of this one's that another row has. */
async function takenBy<T, Column extends string>(
  db: Sql,
  shape: Shape<T, Column>,
  value: T,
): Promise<Column | undefined> {
  for (const [column, wanted] of uniqueValues(shape, value)) {
    const other = await first(db, shape, column, wanted)
    if (other && other.id !== shape.id(value)) return column
  }
  return undefined
}

function first<T, Column extends string>(
  db: Sql,
  { table }: Shape<T, Column>,
  column: Column,
  value: string | number,
): Promise<DocumentRow | undefined> {
  return db.selectFrom(table).selectAll().where(sql.ref(column), '=', value).orderBy('id').limit(1).executeTakeFirst()
}
