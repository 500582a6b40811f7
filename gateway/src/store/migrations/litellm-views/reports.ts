import type { Pieces } from './dialect.ts'
import type { View } from './view.ts'

/** The views that LiteLLM itself has on its tables: https://github.com/BerriAI/litellm/blob/main/litellm/proxy/db/create_views.py */
export function reportViews(sql: Pieces): readonly View[] {
  return [keyAndTeam, ...byDay(sql), ...mostSpent(sql)]
}

const logs = `from "LiteLLM_SpendLogs" l`
const total = 'sum(l.spend)'
const recent = (sql: Pieces) => `where l."startTime" >= ${sql.since}`

function byDay(sql: Pieces): readonly View[] {
  const date = sql.dateOf('l."startTime"')
  return [
    { name: 'MonthlyGlobalSpend', columns: { date, spend: total }, rows: `${logs} ${recent(sql)} group by ${date}` },
    {
      name: 'MonthlyGlobalSpendPerKey',
      columns: { date, spend: total, api_key: 'l.api_key' },
      rows: `${logs} ${recent(sql)} group by ${date}, l.api_key`,
    },
    {
      name: 'MonthlyGlobalSpendPerUserPerKey',
      columns: { date, spend: total, api_key: 'l.api_key', user: 'l."user"' },
      rows: `${logs} ${recent(sql)} group by ${date}, l.api_key, l."user"`,
    },
    {
      name: 'DailyTagSpend',
      columns: { individual_request_tag: 'tags.value', spend_date: date, log_count: 'count(*)', total_spend: total },
      rows: `${logs} cross join ${sql.each('l.request_tags', 'tags')} group by tags.value, ${date}`,
    },
  ]
}

function mostSpent(sql: Pieces): readonly View[] {
  return [
    {
      name: 'Last30dKeysBySpend',
      columns: { api_key: 'l.api_key', key_alias: 'v.key_alias', key_name: 'v.key_name', total_spend: total },
      rows: `${logs} left join "LiteLLM_VerificationToken" v on v.token = l.api_key ${recent(sql)}
        group by l.api_key, v.key_alias, v.key_name order by ${total} desc`,
    },
    {
      name: 'Last30dModelsBySpend',
      columns: { model: 'l.model', total_spend: total },
      rows: `${logs} ${recent(sql)} and l.model <> '' group by l.model order by ${total} desc`,
    },
    {
      name: 'Last30dTopEndUsersSpend',
      columns: { end_user: 'l.end_user', total_events: 'count(*)', total_spend: total },
      rows: `${logs} ${recent(sql)} and l.end_user <> '' and l.end_user <> l."user" group by l.end_user order by ${total} desc limit 100`,
    },
  ]
}

/** Columns of a key that are shown beside its team. */
const keyColumns = [
  'token',
  'key_name',
  'key_alias',
  'soft_budget_cooldown',
  'spend',
  'expires',
  'models',
  'aliases',
  'config',
  'router_settings',
  'user_id',
  'team_id',
  'permissions',
  'metadata',
  'blocked',
  'max_parallel_requests',
  'tpm_limit',
  'rpm_limit',
  'max_budget',
  'budget_duration',
  'budget_reset_at',
  'allowed_cache_controls',
  'allowed_routes',
  'policies',
  'model_spend',
  'model_max_budget',
  'budget_id',
  'organization_id',
  'object_permission_id',
  'created_at',
  'created_by',
  'updated_at',
  'updated_by',
]

const keyAndTeam: View = {
  name: 'LiteLLM_VerificationTokenView',
  columns: {
    ...Object.fromEntries(keyColumns.map((column) => [column, `v."${column}"`])),
    team_spend: 't.spend',
    team_max_budget: 't.max_budget',
    team_tpm_limit: 't.tpm_limit',
    team_rpm_limit: 't.rpm_limit',
    team_alias: 't.team_alias',
  },
  rows: `from "LiteLLM_VerificationToken" v left join "LiteLLM_TeamTable" t on t.team_id = v.team_id`,
}
