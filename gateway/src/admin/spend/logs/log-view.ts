import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { type NanoUsd, toUsd } from 'turnpike-core/internal/kernel/money'
import { isBucketCorrection } from '../../../store/ledger/balances.ts'
import { anonymousCaller, type LedgerRow } from '../../../store/ledger/row.ts'
import type { DailySpend } from '../../../store/ledger/rows.ts'
import type { SpendDay, SpendLog } from '../../contract.ts'
import { isoDay } from '../range.ts'

/** LiteLLM's names for the calls of our endpoints; others are shown under their own. */
const callTypes: Readonly<Record<string, string>> = {
  'chat.completions': 'acompletion',
  completions: 'atext_completion',
  messages: 'anthropic_messages',
  responses: 'aresponses',
  embeddings: 'aembedding',
}

/** Columns of LiteLLM's table for what is never kept here (prompts, answers, addresses) or not served. */
const unkept = {
  cache_hit: 'False',
  cache_key: null,
  requester_ip_address: null,
  messages: {},
  response: {},
  proxy_server_request: {},
  session_id: null,
  mcp_namespaced_tool_name: null,
  agent_id: null,
} as const

/** A ledger row as LiteLLM's spend log. */
export function viewRow(row: LedgerRow): SpendLog {
  const input = row.usage?.input ?? 0
  const output = row.usage?.output ?? 0
  return {
    ...unkept,
    request_id: row.id,
    call_type: callTypes[row.endpoint] ?? row.endpoint,
    api_key: row.keyHash === anonymousCaller ? '' : row.keyHash,
    // what only moves the balance of a budget was not spent: the rows add up to what was
    spend: isBucketCorrection(row) ? 0 : toUsd(row.spend),
    total_tokens: input + output,
    prompt_tokens: input,
    completion_tokens: output,
    startTime: iso(row.startedAt),
    endTime: iso(row.endedAt),
    completionStartTime: row.firstByteMs === undefined ? null : iso(row.startedAt + row.firstByteMs),
    model: row.providerModel ?? row.model,
    model_id: row.deploymentId ?? null,
    model_group: row.modelGroup ?? null,
    custom_llm_provider: row.provider ?? null,
    api_base: row.apiBase ?? null,
    user: row.userId ?? '',
    metadata: metadataOf(row),
    request_tags: row.tags,
    team_id: row.teamId ?? null,
    organization_id: row.organizationId ?? null,
    end_user: row.endUser ?? null,
    status: statusOf(row),
  }
}

/** A correction is no request, and did not fail. */
function statusOf({ outcome }: LedgerRow): SpendLog['status'] {
  return outcome === 'answered' || outcome === 'corrected' ? 'success' : 'failure'
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

/** What LiteLLM keeps in a row's metadata, and what only we know: how it ended, at which price, after which attempts. */
function metadataOf(row: LedgerRow): JsonObject {
  return {
    spend_logs_metadata: row.metadata,
    user_api_key: row.keyHash,
    user_api_key_alias: row.keyAlias ?? null,
    user_api_key_user_id: row.userId ?? null,
    user_api_key_team_id: row.teamId ?? null,
    user_api_key_org_id: row.organizationId ?? null,
    status: statusOf(row),
    ...(row.errorCode !== undefined && {
      error_information: { error_code: String(row.status), error_class: row.errorCode },
    }),
    requested_model: row.model,
    outcome: row.outcome,
    stream: row.stream,
    usage_object: row.usage ? { ...row.usage } : null,
    price_missing: row.usage !== undefined && row.cost === undefined,
    price_incomplete: row.incomplete,
    price_version: row.priceVersion ?? null,
    rates_pico_usd: row.rates ?? null,
    attempts: row.attempts,
    ...(row.payers && { paid_by: usdByName(row.payers) }),
    ...(isBucketCorrection(row) && {
      moved: Object.fromEntries(row.periods.map((bucket) => [bucket, toUsd(row.spend)])),
    }),
  }
}

function usdByName(amounts: Readonly<Record<string, NanoUsd>>): JsonObject {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, toUsd(amount)]))
}

/** One entry per day from the first to the last, days without spend among them. */
export function viewDays(spends: readonly DailySpend[], firstDay: number, lastDay: number): readonly SpendDay[] {
  const byDay = new Map<number, DailySpend[]>()
  // what only moved balances of budgets was not spent
  for (const spend of spends) {
    if (spend.keyHash === '') continue
    const ofDay = byDay.get(spend.day)
    if (ofDay) ofDay.push(spend)
    else byDay.set(spend.day, [spend])
  }
  return Array.from({ length: lastDay - firstDay + 1 }, (_, at) =>
    viewDay(firstDay + at, byDay.get(firstDay + at) ?? []),
  )
}

function viewDay(day: number, spends: readonly DailySpend[]): SpendDay {
  return {
    ...sums(spends, ({ keyHash }) => keyHash),
    startTime: isoDay(day),
    spend: toUsd(spends.reduce((sum, { spend }) => sum + spend, 0) as NanoUsd),
    users: sums(spends, ({ userId }) => userId ?? ''),
    models: sums(spends, ({ model }) => model),
  }
}

/** Dollars by name; summed as whole nano-dollars. */
function sums(spends: readonly DailySpend[], nameOf: (spend: DailySpend) => string): Readonly<Record<string, number>> {
  const byName = new Map<string, number>()
  for (const one of spends) byName.set(nameOf(one), (byName.get(nameOf(one)) ?? 0) + one.spend)
  return Object.fromEntries([...byName].map(([name, sum]) => [name, toUsd(sum as NanoUsd)]))
}
