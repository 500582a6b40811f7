import type { Pieces } from './dialect.ts'
import type { View } from './view.ts'

/** LiteLLM's names for the calls of our endpoints; others stand under their own. */
const callTypes = {
  'chat.completions': 'acompletion',
  completions: 'atext_completion',
  messages: 'anthropic_messages',
  responses: 'aresponses',
  embeddings: 'aembedding',
} as const

const callType = `case l.endpoint ${Object.entries(callTypes)
  .map(([endpoint, type]) => `when '${endpoint}' then '${type}'`)
  .join(' ')} else l.endpoint end`

const status = `case l.outcome when 'answered' then 'success' else 'failure' end`

/** The ledger, a row per request. What only moves a balance is no request and is left out, as it is in the sums by day. */
export function spendLogs(sql: Pieces): View {
  return {
    name: 'LiteLLM_SpendLogs',
    columns: {
      request_id: 'l.id',
      call_type: callType,
      api_key: `case l.key_hash when 'anonymous' then '' else l.key_hash end`,
      spend: sql.usd('l.spend'),
      total_tokens: 'l.input_tokens + l.output_tokens',
      prompt_tokens: 'l.input_tokens',
      completion_tokens: 'l.output_tokens',
      startTime: sql.time('l.started_at'),
      endTime: sql.time('l.ended_at'),
      completionStartTime: sql.time('l.started_at + l.first_byte_ms'),
      model: 'coalesce(l.provider_model, l.model)',
      model_id: 'l.deployment_id',
      model_group: 'l.model_group',
      custom_llm_provider: 'l.provider',
      api_base: 'l.api_base',
      user: `coalesce(l.user_id, '')`,
      metadata: sql.object({
        user_api_key: 'l.key_hash',
        user_api_key_alias: 'l.key_alias',
        user_api_key_user_id: 'l.user_id',
        user_api_key_team_id: 'l.team_id',
        user_api_key_org_id: 'l.organization_id',
        outcome: 'l.outcome',
        http_status: 'l.status',
        error_code: 'l.error_code',
      }),
      cache_hit: `'False'`,
      cache_key: sql.nothing('text'),
      request_tags: sql.jsonOf('l.tags'),
      team_id: 'l.team_id',
      organization_id: 'l.organization_id',
      end_user: 'l.end_user',
      requester_ip_address: sql.nothing('text'),
      messages: sql.literal('{}'),
      response: sql.literal('{}'),
      session_id: sql.nothing('text'),
      status,
      mcp_namespaced_tool_name: sql.nothing('text'),
      agent_id: sql.nothing('text'),
      proxy_server_request: sql.literal('{}'),
    },
    rows: `from ledger l ${sql.sealed} where not (l.outcome = 'corrected' and l.key_hash = '')`,
  }
}

/** The sums by day that LiteLLM keeps in a table for each kind of owner. */
const daily = {
  LiteLLM_DailyTeamSpend: ['team', 'team_id'],
  LiteLLM_DailyTagSpend: ['tag', 'tag'],
  LiteLLM_DailyOrganizationSpend: ['organization', 'organization_id'],
  LiteLLM_DailyEndUserSpend: ['end-user', 'end_user_id'],
} as const

const dimensions = 'hour, key_hash, model, model_group, provider, endpoint'
const measures = [
  'requests',
  'successes',
  'failures',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'spend',
]

export function dailyViews(sql: Pieces): readonly View[] {
  const owned = Object.entries(daily).map(([name, [kind, column]]) => {
    const rows = `select entity_id as owner, ${dimensions}, ${measures.join(', ')} from rollups where entity_kind = '${kind}'`
    return dailyView(sql, {
      name,
      column,
      rows,
      ...(column === 'tag' && { first: { request_id: sql.nothing('text') } }),
    })
  })
  return [dailyView(sql, { name: 'LiteLLM_DailyUserSpend', column: 'user_id', rows: userRows }), ...owned]
}

/** Those of users, and under no user what is left of everybody's: the sum of LiteLLM's table is the sum of all. */
const userRows = [
  `select entity_id as owner, ${dimensions}, ${measures.join(', ')} from rollups where entity_kind = 'user'`,
  `select null as owner, ${dimensions}, ${measures.map((one) => `sum(case entity_kind when '' then ${one} else -${one} end) as ${one}`).join(', ')}
   from rollups where entity_kind in ('', 'user') group by ${dimensions}
   having sum(case entity_kind when '' then requests else -requests end) <> 0 or sum(case entity_kind when '' then spend else -spend end) <> 0`,
].join(' union all ')

interface Daily {
  readonly name: string
  readonly column: string
  readonly rows: string
  readonly first?: Readonly<Record<string, string>>
}

function dailyView(sql: Pieces, { name, column, rows, first = {} }: Daily): View {
  const date = sql.date('r.hour')
  const sum = (measure: string) => `cast(sum(r.${measure}) as bigint)`
  const keys = [date, 'r.owner', 'r.key_hash', 'r.model', 'r.model_group', 'r.provider', 'r.endpoint']
  return {
    name,
    columns: {
      id: keys.map((key) => `coalesce(${key}, '')`).join(` || '|' || `),
      ...first,
      [column]: 'r.owner',
      date,
      api_key: 'r.key_hash',
      model: 'r.model',
      model_group: 'r.model_group',
      custom_llm_provider: 'r.provider',
      mcp_namespaced_tool_name: sql.nothing('text'),
      endpoint: 'r.endpoint',
      prompt_tokens: sum('input_tokens'),
      completion_tokens: sum('output_tokens'),
      cache_read_input_tokens: sum('cache_read_tokens'),
      cache_creation_input_tokens: sum('cache_write_tokens'),
      spend: sql.usd('sum(r.spend)'),
      api_requests: sum('requests'),
      successful_requests: sum('successes'),
      failed_requests: sum('failures'),
      created_at: sql.time('min(r.hour)'),
      updated_at: sql.time('max(r.hour) + 3600000'),
    },
    rows: `from (${rows}) r group by ${keys.join(', ')}`,
  }
}
