import { roles } from '../../vocabulary/tenants.ts'
import type { JwtFields, JwtRules, RolePermission, ScopeMapping } from '../governance.ts'
import type { Section } from '../section.ts'
import { routes } from './access.ts'
import { listed, type Sections } from './sections.ts'

/** Members of `litellm_jwtauth` that name a claim. */
const fieldKeys = {
  teamId: 'team_id_jwt_field',
  teamIds: 'team_ids_jwt_field',
  teamAlias: 'team_alias_jwt_field',
  organizationId: 'org_id_jwt_field',
  organizationAlias: 'org_alias_jwt_field',
  userId: 'user_id_jwt_field',
  userEmail: 'user_email_jwt_field',
  userRoles: 'user_roles_jwt_field',
  endUserId: 'end_user_id_jwt_field',
  roles: 'roles_jwt_field',
  objectId: 'object_id_jwt_field',
} as const satisfies Record<keyof JwtFields, string>

const otherKeys = [
  'admin_allowed_routes',
  'admin_jwt_scope',
  'custom_validate',
  'enforce_rbac',
  'enforce_scope_based_access',
  'enforce_team_based_model_access',
  'jwt_litellm_role_map',
  'oidc_userinfo_cache_ttl',
  'oidc_userinfo_enabled',
  'oidc_userinfo_endpoint',
  'public_allowed_routes',
  'public_key_ttl',
  'role_mappings',
  'scope_mappings',
  'sync_user_role_and_teams',
  'team_allowed_routes',
  'team_id_default',
  'team_id_upsert',
  'upsert_sso_user_to_team',
  'user_allowed_email_domain',
  'user_allowed_roles',
  'user_id_upsert',
]

const administrators = ['management_routes', 'spend_tracking_routes', 'global_spend_tracking_routes', 'info_routes']

/** `litellm_jwtauth` is read whether or not it is switched on, so that its faults are found. */
export function readJwt({ general, environment }: Sections, empty: Section): JwtRules | undefined {
  const enabled = general.flag('enable_jwt_auth') ?? false
  const section = general.inner('litellm_jwtauth') ?? empty
  section.only([...Object.values(fieldKeys), ...otherKeys])
  if (section.raw('custom_validate') !== undefined)
    section.complain('custom_validate', 'names a Python function, which cannot be called here: remove it')
  const keyUrls = keyUrlsOf(environment)
  const userinfo = readUserinfo(section)
  if (enabled && keyUrls.length === 0 && !userinfo)
    general.complain('enable_jwt_auth', 'needs the variable JWT_PUBLIC_KEY_URL: where the keys of the tokens are')
  const rules = readRules(section)
  const fields = readFields(section)
  if (fields.objectId !== undefined && rules.roleMappings.length === 0)
    section.complain('object_id_jwt_field', 'needs `role_mappings`, which say whether it is a user or a team')
  if (!enabled) return undefined
  return {
    keyUrls,
    audiences: listed(environment.text('JWT_AUDIENCE')),
    issuers: listed(environment.text('JWT_ISSUER')),
    fields,
    userinfo,
    ...rules,
  }
}

function keyUrlsOf(environment: Section): readonly string[] {
  const urls = listed(environment.text('JWT_PUBLIC_KEY_URL'))
  if (urls.every((url) => /^https?:/.test(url) && URL.canParse(url))) return urls
  environment.complain('JWT_PUBLIC_KEY_URL', 'must be the URL of a JWKS document, or several with commas between')
  return []
}

type Rules = Omit<JwtRules, 'keyUrls' | 'audiences' | 'issuers' | 'fields' | 'userinfo'>

function readRules(section: Section): Rules {
  const flag = (key: string) => section.flag(key) ?? false
  return {
    keysTtlMs: (section.number('public_key_ttl') ?? 600) * 1000,
    adminScope: section.text('admin_jwt_scope') ?? 'litellm_proxy_admin',
    adminRoutes: routes(section, 'admin_allowed_routes') ?? administrators,
    teamRoutes: routes(section, 'team_allowed_routes') ?? ['openai_routes', 'info_routes'],
    publicRoutes: routes(section, 'public_allowed_routes') ?? ['public_routes'],
    defaultTeamId: section.text('team_id_default'),
    createTeams: flag('team_id_upsert'),
    createUsers: flag('user_id_upsert'),
    syncUsers: flag('sync_user_role_and_teams'),
    joinTeams: flag('upsert_sso_user_to_team'),
    allowedEmailDomain: section.text('user_allowed_email_domain')?.toLowerCase(),
    allowedUserRoles: section.names('user_allowed_roles') ?? [],
    roleMappings: pairs(section, 'role_mappings', ['role', 'internal_role']).map(([role, item]) => ({
      role,
      internalRole: item.choice('internal_role', roles) ?? 'internal_user',
    })),
    userRoles: pairs(section, 'jwt_litellm_role_map', ['jwt_role', 'litellm_role']).map(([jwtRole, item]) => ({
      jwtRole,
      role: item.choice('litellm_role', roles) ?? 'internal_user',
    })),
    scopeMappings: permissions(section, 'scope_mappings', 'scope').map(
      ({ name, ...rest }): ScopeMapping => ({ scope: name, ...rest }),
    ),
    enforceRbac: flag('enforce_rbac'),
    enforceScopes: flag('enforce_scope_based_access'),
    enforceTeamModels: flag('enforce_team_based_model_access'),
  }
}

function readFields(section: Section): JwtFields {
  const claim = (field: keyof JwtFields) => section.text(fieldKeys[field])
  return {
    teamId: claim('teamId'),
    teamIds: claim('teamIds'),
    teamAlias: claim('teamAlias'),
    organizationId: claim('organizationId'),
    organizationAlias: claim('organizationAlias'),
    userId: claim('userId'),
    userEmail: claim('userEmail'),
    userRoles: claim('userRoles'),
    endUserId: claim('endUserId'),
    roles: claim('roles'),
    objectId: claim('objectId'),
  }
}

function readUserinfo(section: Section): JwtRules['userinfo'] {
  const url = section.url('oidc_userinfo_endpoint')
  const cacheMs = (section.number('oidc_userinfo_cache_ttl') ?? 300) * 1000
  const enabled = section.flag('oidc_userinfo_enabled') ?? false
  if (enabled && url === undefined) section.complain('oidc_userinfo_enabled', 'needs `oidc_userinfo_endpoint`')
  return enabled && url !== undefined ? { url, cacheMs } : undefined
}

/** Items that must have both of two members: the text of the first, and the item. */
function pairs(section: Section, key: string, members: readonly [string, string]): readonly [string, Section][] {
  return section.items(key).flatMap((item): [string, Section][] => {
    item.only(members)
    const name = item.text(members[0])
    for (const member of members) if (!item.keys.includes(member)) item.complain(member, 'is missing')
    return name === undefined ? [] : [[name, item]]
  })
}

/** Items that grant models and routes to whoever has a name. */
function permissions(section: Section, key: string, member: string) {
  return section.items(key).flatMap((item) => {
    item.only([member, 'models', 'routes'])
    const name = item.text(member)
    if (!item.keys.includes(member)) item.complain(member, 'is missing')
    return name === undefined ? [] : [{ name, models: item.names('models'), routes: routes(item, 'routes') }]
  })
}

/** `general_settings.role_permissions`. */
export function readRolePermissions({ general }: Sections): readonly RolePermission[] {
  return permissions(general, 'role_permissions', 'role').map(({ name, ...rest }) => ({ role: name, ...rest }))
}
