import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import type { Route } from '../../../pipeline/route.ts'
import type { AuditEntry, AuditQuery } from '../../../store/trails/audit-trail.ts'
import { notFound, type Table } from '../../desk.ts'
import { type Desk, row } from '../../row.ts'
import { id, invalid, text } from '../../shapes.ts'
import { pageCount, pageFields, pageOf, sortOrder } from '../../tenants/pages.ts'
import { instant, keyHash } from '../range.ts'

const auditQuery = z.object({
  ...pageFields,
  changed_by: text.optional(),
  changed_by_api_key: keyHash.optional(),
  action: text.optional(),
  table_name: text.optional(),
  object_id: text.optional(),
  object_team_id: id.optional(),
  object_key_hash: keyHash.optional(),
  start_date: instant.optional(),
  end_date: instant.optional(),
  sort_by: z.enum(['updated_at']).optional(),
  sort_order: sortOrder,
})

type Query = z.infer<typeof auditQuery>

/** `GET /audit`: who changed what, newest first. */
async function listChanges({ house, query }: Desk<undefined, Query>): Promise<JsonObject> {
  const page = pageOf(query, 10)
  const { rows, total } = await house.store.audit.list({
    ...filterOf(query),
    descending: query.sort_order !== 'asc',
    limit: page.limit,
    offset: page.offset,
  })
  return {
    audit_logs: rows.map(changeView),
    total,
    page: page.page,
    page_size: page.limit,
    total_pages: pageCount(total, page),
  }
}

function filterOf(query: Query): Omit<AuditQuery, 'limit'> {
  const { changed_by, changed_by_api_key, action, start_date, end_date } = query
  const { table, objectId } = objectOf(query)
  return {
    ...(changed_by !== undefined && { changedBy: changed_by }),
    ...(changed_by_api_key !== undefined && { changedByKey: changed_by_api_key }),
    ...(action !== undefined && { action }),
    ...(table !== undefined && { table }),
    ...(objectId !== undefined && { objectId }),
    ...(start_date && { from: start_date.at }),
    ...(end_date && { to: end_date.at + end_date.lengthMs }),
  }
}

/** A team or a key is also found by its own name for it; several names must mean the same thing. */
function objectOf({ table_name, object_id, object_team_id, object_key_hash }: Query) {
  const named: readonly (readonly [string, Table, string | undefined])[] = [
    ['object_team_id', 'LiteLLM_TeamTable', object_team_id],
    ['object_key_hash', 'LiteLLM_VerificationToken', object_key_hash],
  ]
  let object = { table: table_name, objectId: object_id }
  for (const [name, table, given] of named) {
    if (given === undefined) continue
    if ((object.table ?? table) !== table || (object.objectId ?? given) !== given)
      throw invalid(name, `${name} names another thing than the other filters do.`)
    object = { table, objectId: given }
  }
  return object
}

/** LiteLLM's AuditLogResponse, with the entry's place in the chain of hashes. */
function changeView(entry: AuditEntry): JsonObject {
  return {
    id: entry.id,
    updated_at: new Date(entry.at).toISOString(),
    changed_by: entry.changedBy,
    changed_by_api_key: entry.changedByKey ?? '',
    action: entry.action,
    table_name: entry.table,
    object_id: entry.objectId,
    before_value: entry.before ?? null,
    updated_values: entry.after ?? null,
    seq: entry.seq,
    previous_hash: entry.previous,
    hash: entry.hash,
  }
}

const reading = { policy: 'read-all', groups: ['management_routes'], detail: true } as const

/** The trail of administrative changes. */
export const auditRoutes: readonly Route[] = [
  row({
    id: 'audit.list',
    at: 'GET /audit',
    ...reading,
    summary: 'Lists who changed what, newest first.',
    query: auditQuery,
    handle: listChanges,
  }),
  row({
    id: 'audit.get',
    at: 'GET /audit/:id',
    ...reading,
    summary: 'Shows one change.',
    async handle({ house, params }) {
      const [entry] = (await house.store.audit.list({ id: params.id ?? '', limit: 1 })).rows
      if (!entry) throw notFound(`Audit log with ID ${(params.id ?? '').slice(0, 200)} not found`, 'id')
      return changeView(entry)
    },
  }),
]
