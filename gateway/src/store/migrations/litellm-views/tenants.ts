import type { Pieces } from './dialect.ts'
import type { View } from './view.ts'

/** Columns of budgets and limits out of a document. */
function terms(sql: Pieces, doc: string): Readonly<Record<string, string>> {
  return {
    max_budget: sql.usd(sql.whole(doc, 'maxBudget')),
    soft_budget: sql.usd(sql.whole(doc, 'softBudget')),
    max_parallel_requests: sql.whole(doc, 'maxParallelRequests'),
    tpm_limit: sql.whole(doc, 'tpmLimit'),
    rpm_limit: sql.whole(doc, 'rpmLimit'),
    budget_duration: sql.text(doc, 'budgetDuration'),
    budget_reset_at: sql.nothing('time'),
  }
}

function stamps(sql: Pieces, row: string): Readonly<Record<string, string>> {
  return {
    created_at: sql.time(`${row}.created_at`),
    created_by: `${row}.created_by`,
    updated_at: sql.time(`${row}.updated_at`),
    updated_by: `${row}.updated_by`,
  }
}

/** Rows of a table with what each has ever spent: a period of a budget is a matter of the clock, which no view knows. */
function withSpend(table: string, bucket: string): string {
  return `from ${table} t left join balances b on b.bucket = '${bucket}:' || t.id`
}

const spend = (sql: Pieces) => sql.usd('coalesce(b.spent, 0)')

export function keyView(sql: Pieces): View {
  return {
    name: 'LiteLLM_VerificationToken',
    columns: {
      token: 't.id',
      key_name: sql.text('t.doc', 'name'),
      key_alias: 't.alias',
      soft_budget_cooldown: sql.no,
      spend: spend(sql),
      expires: sql.time('t.expires_at'),
      models: sql.models('t.doc'),
      aliases: sql.json('t.doc', 'aliases', '{}'),
      config: sql.literal('{}'),
      router_settings: sql.nothing('json'),
      user_id: 't.user_id',
      team_id: 't.team_id',
      permissions: sql.literal('{}'),
      metadata: sql.json('t.doc', 'metadata', '{}'),
      blocked: sql.flag('t.doc', 'blocked'),
      ...terms(sql, 't.doc'),
      allowed_cache_controls: sql.emptyList,
      allowed_routes: sql.list('t.doc', 'allowedRoutes'),
      policies: sql.emptyList,
      model_spend: sql.literal('{}'),
      model_max_budget: sql.modelBudgets('t.doc'),
      budget_id: 't.budget_id',
      organization_id: 't.organization_id',
      object_permission_id: sql.nothing('text'),
      ...stamps(sql, 't'),
    },
    rows: withSpend('keys', 'key'),
  }
}

export function teamView(sql: Pieces): View {
  return {
    name: 'LiteLLM_TeamTable',
    columns: {
      team_id: 't.id',
      team_alias: 't.alias',
      organization_id: 't.organization_id',
      object_permission_id: sql.nothing('text'),
      metadata: sql.json('t.doc', 'metadata', '{}'),
      spend: spend(sql),
      models: sql.models('t.doc'),
      ...terms(sql, 't.doc'),
      blocked: sql.flag('t.doc', 'blocked'),
      model_spend: sql.literal('{}'),
      model_max_budget: sql.modelBudgets('t.doc'),
      router_settings: sql.nothing('json'),
      team_member_permissions: sql.list('t.doc', 'memberPermissions'),
      policies: sql.emptyList,
      model_aliases: sql.json('t.doc', 'modelAliases', '{}'),
      ...stamps(sql, 't'),
    },
    rows: withSpend('teams', 'team'),
  }
}

export function userView(sql: Pieces): View {
  return {
    name: 'LiteLLM_UserTable',
    columns: {
      user_id: 't.id',
      user_alias: 't.alias',
      sso_user_id: 't.sso_id',
      object_permission_id: sql.nothing('text'),
      password: sql.nothing('text'),
      user_role: 't.role',
      spend: spend(sql),
      user_email: sql.text('t.doc', 'email'),
      models: sql.models('t.doc'),
      metadata: sql.json('t.doc', 'metadata', '{}'),
      ...terms(sql, 't.doc'),
      allowed_cache_controls: sql.emptyList,
      policies: sql.emptyList,
      model_spend: sql.literal('{}'),
      model_max_budget: sql.modelBudgets('t.doc'),
      ...stamps(sql, 't'),
    },
    rows: withSpend('users', 'user'),
  }
}

export function organizationView(sql: Pieces): View {
  return {
    name: 'LiteLLM_OrganizationTable',
    columns: {
      organization_id: 't.id',
      organization_alias: 't.alias',
      budget_id: sql.text('t.doc', 'budgetId'),
      metadata: sql.json('t.doc', 'metadata', '{}'),
      models: sql.models('t.doc'),
      spend: spend(sql),
      ...terms(sql, 't.doc'),
      model_spend: sql.literal('{}'),
      object_permission_id: sql.nothing('text'),
      ...stamps(sql, 't'),
    },
    rows: withSpend('organizations', 'organization'),
  }
}

export function customerView(sql: Pieces): View {
  return {
    name: 'LiteLLM_EndUserTable',
    columns: {
      user_id: 't.id',
      alias: 't.alias',
      spend: spend(sql),
      allowed_model_region: sql.text('t.doc', 'region'),
      default_model: sql.text('t.doc', 'defaultModel'),
      budget_id: sql.text('t.doc', 'budgetId'),
      blocked: sql.flag('t.doc', 'blocked'),
      ...terms(sql, 't.doc'),
    },
    rows: withSpend('customers', 'end-user'),
  }
}

export function tagView(sql: Pieces): View {
  return {
    name: 'LiteLLM_TagTable',
    columns: {
      tag_name: 't.id',
      description: sql.text('t.doc', 'description'),
      models: sql.list('t.doc', 'models'),
      model_info: sql.nothing('json'),
      spend: spend(sql),
      budget_id: sql.text('t.doc', 'budgetId'),
      ...terms(sql, 't.doc'),
      ...stamps(sql, 't'),
    },
    rows: withSpend('tags', 'tag'),
  }
}

export function budgetView(sql: Pieces): View {
  return {
    name: 'LiteLLM_BudgetTable',
    columns: {
      budget_id: 't.id',
      ...terms(sql, 't.doc'),
      model_max_budget: sql.modelBudgets('t.doc'),
      ...stamps(sql, 't'),
    },
    rows: `from budgets t ${sql.sealed}`,
  }
}

export function auditView(sql: Pieces): View {
  return {
    name: 'LiteLLM_AuditLog',
    columns: {
      id: 'a.id',
      updated_at: sql.time('a.at'),
      changed_by: 'a.changed_by',
      changed_by_api_key: `coalesce(a.changed_by_key, '')`,
      action: 'a.action',
      table_name: 'a.table_name',
      object_id: 'a.object_id',
      before_value: sql.jsonOf('a.before_value'),
      updated_values: sql.jsonOf('a.after_value'),
    },
    rows: `from audit_trail a ${sql.sealed}`,
  }
}
