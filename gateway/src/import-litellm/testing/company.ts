import { createHash } from 'node:crypto'
import { boxed, gcmSealed } from './encrypt.ts'
import type { OldDatabase } from './tables.ts'

export const saltKey = 'sk-salt-of-the-old-proxy'
export const noon = Date.UTC(2026, 10, 22, 12)

/** Secrets that clients of the old proxy hold. */
export const secrets = { ann: 'sk-ann-0123456789', bob: 'sk-bob-0123456789', spent: 'sk-spent-9876543210' }
export const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')

/** What must never be told or kept in the clear. */
export const providerSecrets = [
  'sk-provider-one-abcdef',
  'sk-provider-two-abcdef',
  '$2b$hash-of-a-password',
  'log-secret-x',
]

/** Fills a LiteLLM database with a small company. */
export async function fillCompany(old: OldDatabase): Promise<void> {
  await tenants(old)
  await models(old)
  const token = 'LiteLLM_VerificationToken'
  await old.put(token, {
    token: hashOf(secrets.ann),
    key_name: 'sk-...6789',
    key_alias: 'ann-key',
    spend: 0.1 + 0.2,
    user_id: 'ann',
    team_id: 'blue',
    models: ['gpt'],
    aliases: { fast: 'gpt' },
    permissions: { get_spend_routes: true },
    metadata: {
      project: 'atlas',
      tags: ['prod'],
      model_rpm_limit: { gpt: 7 },
      enforced_params: ['user'],
      service_account_id: 'bot',
      temp_budget_increase: 5,
      temp_budget_expiry: '2027-01-01 00:00:00',
      guardrails: ['pii'],
      logging: [{ callback_vars: { secret: providerSecrets[3] } }],
      rpm_limit_type: 'best_effort_throughput',
    },
    max_budget: 10.5,
    budget_duration: '30d',
    budget_reset_at: '2026-12-01T00:00:00.000',
    tpm_limit: '9007199254740991',
    model_max_budget: { gpt: { budget_limit: 2.5, time_period: '1d' } },
    auto_rotate: true,
    created_at: '2026-01-02T03:04:05.678',
    created_by: 'admin',
    expires: '2027-06-01T00:00:00',
  })
  await old.put(token, { token: hashOf(secrets.bob), key_name: 'sk-...6789', spend: 3, budget_id: 'b-small' })
  await old.put(token, {
    token: hashOf(secrets.spent),
    key_alias: 'ann-key',
    spend: 1,
    max_budget: 1,
    budget_duration: '30d',
    budget_reset_at: '2026-12-01T00:00:00',
  })
  await old.put(token, { token: hashOf('sk-session'), team_id: 'litellm-dashboard', spend: 0 })
  await old.put(token, { token: 'sk-in-the-clear-1234567', key_name: 'sk-...4567', spend: 0 })
}

async function tenants(old: OldDatabase): Promise<void> {
  await old.put('LiteLLM_BudgetTable', { budget_id: 'b-small', max_budget: 4, budget_duration: '7d', rpm_limit: 100 })
  await old.put('LiteLLM_BudgetTable', { budget_id: 'b-member', max_budget: 2, budget_duration: '1d', tpm_limit: 500 })
  await old.put('LiteLLM_OrganizationTable', {
    organization_id: 'acme',
    organization_alias: 'Acme',
    budget_id: 'b-small',
    spend: 2.25,
    models: ['gpt', 'claude'],
  })
  const users = 'LiteLLM_UserTable'
  await old.put(users, {
    user_id: 'ann',
    user_email: 'Ann@Example.com',
    user_role: 'proxy_admin',
    spend: 12.000000001,
    max_budget: 1e12,
    sso_user_id: 'sso-ann',
    password: providerSecrets[2] ?? '',
  })
  await old.put(users, {
    user_id: 'bob',
    user_email: 'ann@example.com',
    user_role: 'overlord',
    spend: 0,
    models: ['no-default-models'],
  })
  await old.put('LiteLLM_OrganizationMembership', {
    organization_id: 'acme',
    user_id: 'ann',
    user_role: 'org_admin',
    spend: 1,
  })
  await old.put('LiteLLM_ModelTable', { id: 1, model_aliases: { mini: 'gpt' } })
  await old.put('LiteLLM_TeamTable', {
    team_id: 'blue',
    team_alias: 'Blue',
    organization_id: 'acme',
    members_with_roles: [
      { user_id: 'ann', role: 'admin' },
      { user_id: 'bob', user_email: null, role: 'user' },
      { role: 'user' },
    ],
    metadata: { team_member_budget_id: 'b-member', tags: ['x'], cost_center: 12 },
    rpm_limit: 2,
    spend: 5,
    max_budget: 50,
    budget_duration: '1d',
    budget_reset_at: '2026-11-22T00:00:00',
    model_id: 1,
    team_member_permissions: ['/key/info', '/mcp/everything'],
  })
  await old.put('LiteLLM_TeamMembership', { team_id: 'blue', user_id: 'ann', spend: 1.5, budget_id: 'b-small' })
  await old.put('LiteLLM_TeamMembership', { team_id: 'blue', user_id: 'bob', spend: 0.5 })
  await old.put('LiteLLM_TeamMembership', { team_id: 'blue', user_id: 'gone', spend: 9 })
  await old.put('LiteLLM_EndUserTable', {
    user_id: 'c-1',
    alias: 'Customer',
    spend: 0.75,
    budget_id: 'b-small',
    allowed_model_region: 'eu',
    blocked: true,
  })
  await old.put('LiteLLM_TagTable', { tag_name: 'prod', description: 'production', models: ['gpt'], spend: 0.5 })
  await old.put('LiteLLM_SpendLogs', { request_id: 'r1', api_key: 'x', spend: 1 })
}

async function models(old: OldDatabase): Promise<void> {
  const [one = '', two = ''] = providerSecrets
  const model = 'LiteLLM_ProxyModelTable'
  await old.put(model, {
    model_id: 'm-1',
    model_name: 'added',
    litellm_params: { model: boxed('openai/gpt-4o', saltKey), api_key: boxed(one, saltKey), rpm: 10, timeout: null },
    model_info: { id: 'm-1', db_model: true, base_model: 'gpt-4o' },
  })
  await old.put(model, {
    model_id: 'm-2',
    model_name: 'closed',
    litellm_params: { model: boxed('openai/gpt-4o', saltKey), api_key: boxed(one, 'another salt') },
  })
  await old.put(model, {
    model_id: 'm-3',
    model_name: 'of-a-team',
    litellm_params: { model: boxed('openai/gpt-4o', saltKey) },
    model_info: { team_id: 'blue' },
  })
  await old.put('LiteLLM_CredentialsTable', {
    credential_id: 'c-1',
    credential_name: 'openai-main',
    credential_values: {
      api_key: gcmSealed(two, saltKey, 'v3'),
      api_base: gcmSealed('https://api.openai.com/v1', saltKey, 'v2'),
    },
    credential_info: { custom_llm_provider: 'openai' },
  })
}
