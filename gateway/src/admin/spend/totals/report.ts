import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { toUsd } from 'turnpike-core/internal/kernel/money'
import { z } from 'zod'
import type { House } from '../../../house.ts'
import type { EntityKind } from '../../../store/ledger/rollups.ts'
import type { Sum } from '../../../store/ledger/sums.ts'
import type { Desk } from '../../row.ts'
import { id, invalid } from '../../shapes.ts'
import { sumUp, tokensOf } from '../measures.ts'
import { daysBetween, isoDay, keyHash, neededDays } from '../range.ts'
import { everySum, existing, groupBy } from '../sums.ts'

export const reportQuery = z.object({
  ...neededDays,
  group_by: z.enum(['team', 'customer', 'api_key']).optional(),
  api_key: keyHash.optional(),
  internal_user_id: id.optional(),
  team_id: id.optional(),
  customer_id: id.optional(),
})

type ReportQuery = z.infer<typeof reportQuery>

/** `GET /global/spend/report`: by day and team or customer; by key where a key or an internal user is named, or `group_by=api_key`. */
export async function report({ house, query }: Desk<undefined, ReportQuery>): Promise<Json> {
  const { api_key, internal_user_id, team_id, customer_id } = query
  const named = { team_id, customer_id, internal_user_id }
  const owners = Object.entries(named).filter(([, value]) => value !== undefined)
  if (owners.length > 1)
    throw invalid(owners[1]?.[0] ?? 'team_id', `Give one of ${Object.keys(named).join(', ')}, not several.`)
  const days = daysBetween(query.start_date, query.end_date)
  const key = api_key === undefined ? {} : { keyHash: api_key }
  const kind: Owner | undefined = team_id !== undefined ? 'team' : customer_id !== undefined ? 'customer' : undefined
  const byKey = query.group_by === 'api_key' || (kind === undefined && (internal_user_id ?? api_key) !== undefined)
  if (byKey) {
    const entity = {
      ...entityOf('team', team_id),
      ...entityOf('customer', customer_id),
      ...entityOf('user', internal_user_id),
    }
    return keysView(await everySum(house, days, { ...key, ...entity, groupBy: ['keyHash', 'model'] }))
  }
  if (internal_user_id !== undefined)
    throw invalid(
      'internal_user_id',
      'internal_user_id is reported by key: leave group_by out, or give group_by=api_key.',
    )
  const owner = kind ?? (query.group_by === 'customer' ? 'customer' : 'team')
  if (kind !== undefined && query.group_by !== undefined && query.group_by !== kind)
    throw invalid('group_by', `A report of one ${kind} is grouped by ${kind}.`)
  const rows = await everySum(house, days, {
    ...key,
    entityKind: kinds[owner],
    ...entityOf(owner, team_id ?? customer_id),
    groupBy: ['day', 'entityId', 'model', 'keyHash'],
  })
  return daysView(rows, owner, owner === 'team' ? await aliasesOf(house, rows) : new Map())
}

type Owner = 'team' | 'customer'

const kinds = { team: 'team', customer: 'end-user', user: 'user' } as const satisfies Record<string, EntityKind>

function entityOf(kind: keyof typeof kinds, entityId: string | undefined) {
  return entityId === undefined ? {} : { entityKind: kinds[kind], entityIds: [entityId] }
}

async function aliasesOf(house: House, rows: readonly Sum[]): Promise<ReadonlyMap<string, string>> {
  const teams = await existing(
    house.store.teams,
    rows.map(({ entityId }) => entityId ?? ''),
  )
  return new Map(teams.flatMap(({ id: team, alias }) => (alias === undefined ? [] : [[team, alias] as const])))
}

function daysView(rows: readonly Sum[], owner: Owner, aliases: ReadonlyMap<string, string>): Json {
  return [...groupBy(rows, ({ day }) => isoDay(day ?? 0))].map(([date, ofDay]) => ({
    group_by_day: date,
    [`${owner}s`]: [...groupBy(ofDay, ({ entityId }) => entityId ?? '')].map(([name, ofOwner]) => ({
      ...(owner === 'team' ? { team_name: aliases.get(name) ?? name, team_id: name } : { customer: name }),
      total_spend: toUsd(sumUp(ofOwner).spend),
      metadata: ofOwner.map((row) => ({
        model: row.model ?? '',
        spend: toUsd(row.spend),
        total_tokens: tokensOf(row),
        api_key: row.keyHash ?? '',
      })),
    })),
  }))
}

function keysView(rows: readonly Sum[]): Json {
  return [...groupBy(rows, ({ keyHash: hash }) => hash ?? '')].map(([api_key, ofKey]) => ({
    api_key,
    ...costs(ofKey),
    model_details: ofKey.map((row) => ({ model: row.model ?? '', ...costs([row]) })),
  }))
}

function costs(rows: readonly Sum[]): JsonObject {
  const { spend, inputTokens, outputTokens } = sumUp(rows)
  return { total_cost: toUsd(spend), total_input_tokens: inputTokens, total_output_tokens: outputTokens }
}
