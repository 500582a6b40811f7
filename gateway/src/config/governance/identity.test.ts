import { describe, expect, test } from 'bun:test'
import type { Variables } from '../environment.ts'
import { faultsIn, readText } from '../testing/read-text.ts'

const identity = (text: string, variables: Variables = {}) => readText(text, variables).governance.identity
const keys = { JWT_PUBLIC_KEY_URL: 'https://id.example/keys' }

describe('tokens of others', () => {
  test('are no credentials unless that is switched on', () => {
    expect(identity('{}', keys).jwt).toBeUndefined()
    expect(identity('general_settings: {litellm_jwtauth: {enforce_rbac: true}}\n', keys).jwt).toBeUndefined()
  })

  test('are read with LiteLLM’s defaults', () => {
    const { jwt } = identity('general_settings: {enable_jwt_auth: true}\n', {
      JWT_PUBLIC_KEY_URL: 'https://a.example/keys, https://b.example/keys',
      JWT_AUDIENCE: 'gateway',
    })
    expect(jwt).toMatchObject({
      keyUrls: ['https://a.example/keys', 'https://b.example/keys'],
      audiences: ['gateway'],
      issuers: [],
      keysTtlMs: 600_000,
      adminScope: 'litellm_proxy_admin',
      adminRoutes: ['management_routes', 'spend_tracking_routes', 'global_spend_tracking_routes', 'info_routes'],
      teamRoutes: ['openai_routes', 'info_routes'],
      publicRoutes: ['public_routes'],
      createTeams: false,
      createUsers: false,
      enforceRbac: false,
      userinfo: undefined,
    })
  })

  test('are read with all that can be said of them', () => {
    const text = [
      'general_settings:',
      '  enable_jwt_auth: true',
      '  litellm_jwtauth:',
      '    team_id_jwt_field: client.id',
      '    user_id_jwt_field: sub',
      '    object_id_jwt_field: oid',
      '    roles_jwt_field: roles',
      '    role_mappings: [{role: staff, internal_role: internal_user}]',
      '    jwt_litellm_role_map: [{jwt_role: ADMIN, litellm_role: proxy_admin}]',
      '    scope_mappings: [{scope: chat, models: [gpt], routes: [/chat/completions]}]',
      '    user_id_upsert: true',
      '    team_id_upsert: true',
      '    enforce_scope_based_access: true',
      '    user_allowed_email_domain: Example.COM',
      '    oidc_userinfo_enabled: true',
      '    oidc_userinfo_endpoint: https://id.example/me',
      '  role_permissions: [{role: internal_user, models: [gpt]}]',
      '',
    ].join('\n')
    const { jwt, rolePermissions } = identity(text)
    expect(jwt).toMatchObject({
      fields: { teamId: 'client.id', userId: 'sub', objectId: 'oid', roles: 'roles' },
      roleMappings: [{ role: 'staff', internalRole: 'internal_user' }],
      userRoles: [{ jwtRole: 'ADMIN', role: 'proxy_admin' }],
      scopeMappings: [{ scope: 'chat', models: ['gpt'], routes: ['/chat/completions'] }],
      createUsers: true,
      createTeams: true,
      enforceScopes: true,
      allowedEmailDomain: 'example.com',
      userinfo: { url: 'https://id.example/me', cacheMs: 300_000 },
    })
    expect(rolePermissions).toEqual([{ role: 'internal_user', models: ['gpt'], routes: undefined }])
  })

  test.each([
    ['enable_jwt_auth: true', /^1:20: .*JWT_PUBLIC_KEY_URL/],
    ['litellm_jwtauth: {user_id_field: sub}', /^1:38: `user_id_field` is not a known key/],
    ['litellm_jwtauth: {team_id_jwt_feild: sub}', /^1:38: .*did you mean `team_id_jwt_field`/],
    ['litellm_jwtauth: {custom_validate: my.check}', /^1:38: .*Python/],
    ['litellm_jwtauth: {object_id_jwt_field: oid}', /^1:38: .*`role_mappings`/],
    ['litellm_jwtauth: {oidc_userinfo_enabled: true}', /^1:38: .*`oidc_userinfo_endpoint`/],
    ['litellm_jwtauth: {role_mappings: [{role: a}]}', /^1:54: `internal_role` is missing/],
    ['litellm_jwtauth: {role_mappings: [{role: a, internal_role: king}]}', /^1:64: .*one of proxy_admin/],
    ['role_permissions: [{models: [a]}]', /^1:39: `role` is missing/],
  ])('by rules that cannot be kept stop the start at their place: %s', (member, expected) => {
    const [first = '', ...rest] = faultsIn(`general_settings: {${member}}\n`)
    expect(first).toMatch(expected)
    expect(rest).toEqual([])
  })

  test('need keys from a URL', () => {
    expect(faultsIn('{}', { JWT_PUBLIC_KEY_URL: 'https://a.example/keys,file:/etc/keys' }).join()).toMatch(
      /JWT_PUBLIC_KEY_URL.*JWKS/,
    )
  })
})

describe('signing on', () => {
  test('is with nobody unless the environment names them', () => {
    expect(identity('{}')).toMatchObject({
      signOn: [],
      login: { username: 'admin', password: undefined, sessionMs: 86_400_000 },
      publicUrl: undefined,
      allowedEmailDomains: [],
      adminUserId: undefined,
    })
  })

  test('is with every provider that is named whole', () => {
    const { signOn } = identity('{}', {
      GOOGLE_CLIENT_ID: 'g',
      GOOGLE_CLIENT_SECRET: 'gs',
      MICROSOFT_CLIENT_ID: 'm',
      MICROSOFT_CLIENT_SECRET: 'ms',
      MICROSOFT_TENANT: 'ten ant',
      GENERIC_CLIENT_ID: 'o',
      GENERIC_AUTHORIZATION_ENDPOINT: 'https://id.example/auth',
      GENERIC_TOKEN_ENDPOINT: 'https://id.example/token',
      GENERIC_USERINFO_ENDPOINT: 'https://id.example/me',
      GENERIC_CLIENT_USE_PKCE: 'true',
      GENERIC_USER_ID_ATTRIBUTE: 'sub',
      GENERIC_ROLE_MAPPINGS_ROLES: '{"proxy_admin": ["admins"]}',
      GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE: 'internal_user',
    })
    expect(signOn).toMatchObject([
      { kind: 'google', clientId: 'g', clientSecret: 'gs', issuer: 'https://accounts.google.com' },
      {
        kind: 'microsoft',
        issuer: 'https://login.microsoftonline.com/ten%20ant/v2.0',
        tokenUrl: 'https://login.microsoftonline.com/ten%20ant/oauth2/v2.0/token',
        attributes: { id: 'id', email: 'userPrincipalName' },
      },
      {
        kind: 'generic',
        clientId: 'o',
        clientSecret: undefined,
        tokenUrl: 'https://id.example/token',
        scope: 'openid email profile',
        usePkce: true,
        attributes: { id: 'sub', email: 'email', role: 'role' },
        roles: { groupClaim: 'groups', groups: { proxy_admin: ['admins'] }, otherwise: 'internal_user' },
      },
    ])
  })

  test.each([
    [{ GOOGLE_CLIENT_ID: 'g' }, /GOOGLE_CLIENT_ID.*GOOGLE_CLIENT_SECRET/],
    [{ MICROSOFT_CLIENT_ID: 'm', MICROSOFT_CLIENT_SECRET: 's' }, /MICROSOFT_CLIENT_ID.*MICROSOFT_TENANT/],
    [{ GENERIC_CLIENT_ID: 'o' }, /GENERIC_CLIENT_ID.*AUTHORIZATION.*TOKEN.*USERINFO/],
  ])('is not offered, and that is told, where %j is all there is', (variables, expected) => {
    const { governance, warnings } = readText('{}', variables)
    expect(governance.identity.signOn).toEqual([])
    expect(warnings.join()).toMatch(expected)
  })

  test('shows people the way', () => {
    expect(
      identity('{}', {
        PROXY_BASE_URL: 'https://gw.example/llm/',
        ALLOWED_EMAIL_DOMAINS: 'Example.com, example.org',
        PROXY_ADMIN_ID: 'ann',
        UI_USERNAME: 'root',
        UI_PASSWORD: 'secret',
        LITELLM_UI_SESSION_DURATION: '2h',
      }),
    ).toMatchObject({
      publicUrl: 'https://gw.example/llm',
      allowedEmailDomains: ['example.com', 'example.org'],
      adminUserId: 'ann',
      login: { username: 'root', password: 'secret', sessionMs: 7_200_000 },
    })
  })

  test.each([
    [{ PROXY_BASE_URL: 'gw.example' }, /PROXY_BASE_URL.*https:/],
    [{ LITELLM_UI_SESSION_DURATION: 'long' }, /LITELLM_UI_SESSION_DURATION.*12h/],
    [
      {
        GENERIC_CLIENT_ID: 'o',
        GENERIC_AUTHORIZATION_ENDPOINT: 'https://id.example/auth',
        GENERIC_TOKEN_ENDPOINT: 'https://id.example/token',
        GENERIC_USERINFO_ENDPOINT: 'https://id.example/me',
        GENERIC_ROLE_MAPPINGS_ROLES: "{'king': ['a']}",
      },
      /GENERIC_ROLE_MAPPINGS_ROLES.*proxy_admin/,
    ],
  ])('by %j stops the start', (variables, expected) => {
    expect(faultsIn('{}', variables).join()).toMatch(expected)
  })
})

describe('the secret that credentials are sealed with', () => {
  test('is its own, else the master key', () => {
    const salt = (variables: Variables) => readText('{}', variables).governance.saltKey
    const all = { TURNPIKE_SALT_KEY: 't', LITELLM_SALT_KEY: 'l', LITELLM_MASTER_KEY: 'sk-m' }
    expect(salt(all)).toBe('t')
    expect(salt({ ...all, TURNPIKE_SALT_KEY: '' })).toBe('l')
    expect(salt({ LITELLM_MASTER_KEY: 'sk-m' })).toBe('sk-m')
    expect(salt({})).toBeUndefined()
  })
})
