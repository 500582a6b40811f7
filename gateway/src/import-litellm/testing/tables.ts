import { Client } from 'pg'

/** Columns as Prisma makes them. */
const types: Readonly<Record<string, string>> = {
  str: 'text',
  strs: "text[] default '{}'",
  float: 'double precision',
  int: 'integer',
  big: 'bigint',
  json: "jsonb default '{}'",
  bool: 'boolean default false',
  ts: 'timestamp(3)',
}

const stamps = 'created_at:ts created_by:str updated_at:ts updated_by:str'
const limits = 'max_parallel_requests:int tpm_limit:big rpm_limit:big budget_duration:str budget_reset_at:ts'

/** Tables of a LiteLLM database of version 1.81, with the first columns as the key. */
const tables: Readonly<Record<string, readonly [columns: string, key: number]>> = {
  LiteLLM_BudgetTable: [
    `budget_id:str max_budget:float soft_budget:float model_max_budget:json ${limits} ${stamps}`,
    1,
  ],
  LiteLLM_CredentialsTable: [
    `credential_id:str credential_name:str credential_values:json credential_info:json ${stamps}`,
    1,
  ],
  LiteLLM_ProxyModelTable: [`model_id:str model_name:str litellm_params:json model_info:json ${stamps}`, 1],
  LiteLLM_OrganizationTable: [
    `organization_id:str organization_alias:str budget_id:str metadata:json models:strs spend:float model_spend:json object_permission_id:str ${stamps}`,
    1,
  ],
  LiteLLM_ModelTable: [`id:int model_aliases:json ${stamps}`, 1],
  LiteLLM_TeamTable: [
    `team_id:str team_alias:str organization_id:str object_permission_id:str admins:strs members:strs members_with_roles:json metadata:json max_budget:float spend:float models:strs ${limits} blocked:bool created_at:ts updated_at:ts model_spend:json model_max_budget:json router_settings:json team_member_permissions:strs policies:strs model_id:int`,
    1,
  ],
  LiteLLM_UserTable: [
    `user_id:str user_alias:str team_id:str sso_user_id:str organization_id:str object_permission_id:str password:str teams:strs user_role:str max_budget:float spend:float user_email:str models:strs metadata:json ${limits} allowed_cache_controls:strs policies:strs model_spend:json model_max_budget:json created_at:ts updated_at:ts`,
    1,
  ],
  LiteLLM_VerificationToken: [
    `token:str key_name:str key_alias:str soft_budget_cooldown:bool spend:float expires:ts models:strs aliases:json config:json router_settings:json user_id:str team_id:str permissions:json metadata:json blocked:bool ${limits} max_budget:float allowed_cache_controls:strs allowed_routes:strs policies:strs model_spend:json model_max_budget:json budget_id:str organization_id:str object_permission_id:str ${stamps} rotation_count:int auto_rotate:bool rotation_interval:str last_rotation_at:ts key_rotation_at:ts`,
    1,
  ],
  LiteLLM_EndUserTable: [
    'user_id:str alias:str spend:float allowed_model_region:str default_model:str budget_id:str blocked:bool',
    1,
  ],
  LiteLLM_TagTable: [
    'tag_name:str description:str models:strs model_info:json spend:float budget_id:str created_at:ts created_by:str updated_at:ts',
    1,
  ],
  LiteLLM_TeamMembership: ['user_id:str team_id:str spend:float budget_id:str', 2],
  LiteLLM_OrganizationMembership: [
    'user_id:str organization_id:str user_role:str spend:float budget_id:str created_at:ts updated_at:ts',
    2,
  ],
  LiteLLM_SpendLogs: ['request_id:str call_type:str api_key:str spend:float', 1],
  LiteLLM_GuardrailsTable: ['guardrail_id:str guardrail_name:str', 1],
}

type Value = string | number | boolean | null | readonly string[] | object

/** A database that LiteLLM could have left behind. */
export interface OldDatabase {
  readonly url: string
  put(table: string, row: Readonly<Record<string, Value>>): Promise<void>
  run(sql: string): Promise<void>
  close(): Promise<void>
}

/** Makes LiteLLM's tables in an empty database, without those that are left out. */
export async function oldDatabase(url: string, without: readonly string[] = []): Promise<OldDatabase> {
  const client = new Client({ connectionString: url })
  await client.connect()
  for (const [name, [columns, key]] of Object.entries(tables)) {
    if (without.includes(name)) continue
    const named = columns.split(' ').map((column) => column.split(':'))
    const defined = named.map(([column, type = 'str']) => `"${column}" ${types[type]}`)
    const keys = named.slice(0, key).map(([column]) => `"${column}"`)
    await client.query(`create table "${name}" (${defined.join(', ')}, primary key (${keys.join(', ')}))`)
  }
  return {
    url,
    async put(table, row) {
      const columns = Object.keys(row)
      const places = columns.map((_, index) => `$${index + 1}`)
      const values = Object.values(row).map((value) =>
        typeof value === 'object' && value !== null && !isTexts(value) ? JSON.stringify(value) : value,
      )
      const names = columns.map((column) => `"${column}"`).join(', ')
      await client.query(`insert into "${table}" (${names}) values (${places.join(', ')})`, values)
    },
    async run(sql) {
      await client.query(sql)
    },
    close: () => client.end(),
  }
}

function isTexts(value: object): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}
