import { CompiledQuery } from 'kysely'
import type { Dialect, Sql } from '../tables.ts'
import { type Pieces, piecesOf } from './litellm-views/dialect.ts'
import { reportViews } from './litellm-views/reports.ts'
import { dailyViews, spendLogs } from './litellm-views/spend.ts'
import {
  auditView,
  budgetView,
  customerView,
  keyView,
  organizationView,
  tagView,
  teamView,
  userView,
} from './litellm-views/tenants.ts'
import { type View, viewText } from './litellm-views/view.ts'
import type { Migration } from './migration.ts'

/**
 * LiteLLM's tables as views that can only be read, so that reports which were written for them go on. They are made of ours: a later
 * migration that drops or alters a column which stands in one drops the views first and makes them again.
 */
export const litellmViews: Migration = {
  name: '004-litellm-views',
  up: (_schema, dialect) => [(db) => makeViews(db, dialect)],
}

async function makeViews(db: Sql, dialect: Dialect): Promise<void> {
  const views = viewsOf(piecesOf[dialect])
  const taken = await takenNames(db, dialect, new Set(views.map(({ name }) => name)))
  if (taken.length > 0) {
    console.warn(
      `notice: views under LiteLLM's names are not made, because this schema has ${taken.join(', ')} already: LiteLLM's own tables are here.`,
    )
    return
  }
  for (const view of views) await db.executeQuery(CompiledQuery.raw(viewText(view)))
}

/** In the order in which they can be made. */
function viewsOf(sql: Pieces): readonly View[] {
  const tables = [keyView, teamView, userView, organizationView, customerView, tagView, budgetView, auditView]
  return [spendLogs(sql), ...dailyViews(sql), ...tables.map((view) => view(sql)), ...reportViews(sql)]
}

const relations: { readonly [D in Dialect]: string } = {
  postgres:
    'select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = current_schema()',
  sqlite: 'select name from sqlite_master',
}

async function takenNames(db: Sql, dialect: Dialect, names: ReadonlySet<string>): Promise<readonly string[]> {
  const { rows } = await db.executeQuery<{ readonly name: string }>(CompiledQuery.raw(relations[dialect]))
  return rows.map(({ name }) => name).filter((name) => names.has(name))
}
