import { isObject } from 'turnpike-core/internal/kernel/json'
import { type Role, roles } from '../../vocabulary/tenants.ts'
import type { SignOnProvider, SignOnRoles } from '../governance.ts'
import type { Section } from '../section.ts'
import type { Sections } from './sections.ts'

/** The identity providers that the environment names whole; one that is named in part is told of and not offered. */
export function readSignOn({ environment, warn }: Sections): readonly SignOnProvider[] {
  return [google, microsoft, generic].flatMap((read) => {
    const found = read(environment)
    if (typeof found === 'string') warn(found)
    return found === undefined || typeof found === 'string' ? [] : [found]
  })
}

/** A provider, or why it is not offered; undefined where nothing names it. */
type Found = SignOnProvider | string | undefined

function missing(environment: Section, first: string, others: readonly string[]): string | undefined {
  const absent = others.filter((name) => environment.text(name) === undefined)
  return absent.length === 0
    ? undefined
    : `the variable ${first} is set without ${absent.join(' and ')}, so nobody can sign on with it`
}

/** https://accounts.google.com/.well-known/openid-configuration */
function google(environment: Section): Found {
  const clientId = environment.text('GOOGLE_CLIENT_ID')
  if (clientId === undefined) return undefined
  const without = missing(environment, 'GOOGLE_CLIENT_ID', ['GOOGLE_CLIENT_SECRET'])
  if (without !== undefined) return without
  return {
    kind: 'google',
    clientId,
    clientSecret: environment.text('GOOGLE_CLIENT_SECRET'),
    issuer: 'https://accounts.google.com',
    authorizationUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenUrl: 'https://oauth2.googleapis.com/token',
    userinfoUrl: 'https://openidconnect.googleapis.com/v1/userinfo',
    scope: 'openid email profile',
    usePkce: true,
    attributes: {
      id: 'sub',
      email: 'email',
      role: undefined,
      displayName: 'name',
      firstName: 'given_name',
      lastName: 'family_name',
    },
    roles: undefined,
  }
}

/** Names that stand for many tenants, whose tokens each bear an issuer of their own. */
const sharedTenants = ['common', 'organizations', 'consumers']

/** https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc, https://learn.microsoft.com/graph/api/user-get */
function microsoft(environment: Section): Found {
  const clientId = environment.text('MICROSOFT_CLIENT_ID')
  if (clientId === undefined) return undefined
  const without = missing(environment, 'MICROSOFT_CLIENT_ID', ['MICROSOFT_CLIENT_SECRET', 'MICROSOFT_TENANT'])
  if (without !== undefined) return without
  const tenant = environment.text('MICROSOFT_TENANT') ?? ''
  const place = `https://login.microsoftonline.com/${encodeURIComponent(tenant)}`
  const attribute = (name: string, otherwise: string) =>
    environment.text(`MICROSOFT_USER_${name}_ATTRIBUTE`) ?? otherwise
  return {
    kind: 'microsoft',
    clientId,
    clientSecret: environment.text('MICROSOFT_CLIENT_SECRET'),
    issuer: sharedTenants.includes(tenant) ? undefined : `${place}/v2.0`,
    authorizationUrl: environment.url('MICROSOFT_AUTHORIZATION_ENDPOINT') ?? `${place}/oauth2/v2.0/authorize`,
    tokenUrl: environment.url('MICROSOFT_TOKEN_ENDPOINT') ?? `${place}/oauth2/v2.0/token`,
    userinfoUrl: environment.url('MICROSOFT_USERINFO_ENDPOINT') ?? 'https://graph.microsoft.com/v1.0/me',
    scope: 'openid email profile User.Read',
    usePkce: true,
    attributes: {
      id: attribute('ID', 'id'),
      email: attribute('EMAIL', 'userPrincipalName'),
      role: undefined,
      displayName: attribute('DISPLAY_NAME', 'displayName'),
      firstName: attribute('FIRST_NAME', 'givenName'),
      lastName: attribute('LAST_NAME', 'surname'),
    },
    roles: undefined,
  }
}

const endpoints = ['GENERIC_AUTHORIZATION_ENDPOINT', 'GENERIC_TOKEN_ENDPOINT', 'GENERIC_USERINFO_ENDPOINT']

function generic(environment: Section): Found {
  const clientId = environment.text('GENERIC_CLIENT_ID')
  if (clientId === undefined) return undefined
  const without = missing(environment, 'GENERIC_CLIENT_ID', endpoints)
  if (without !== undefined) return without
  const [authorizationUrl, tokenUrl, userinfoUrl] = endpoints.map((name) => environment.url(name))
  // what is no URL has been complained of
  if (authorizationUrl === undefined || tokenUrl === undefined || userinfoUrl === undefined) return undefined
  const attribute = (name: string, otherwise: string) => environment.text(`GENERIC_USER_${name}_ATTRIBUTE`) ?? otherwise
  return {
    kind: 'generic',
    clientId,
    clientSecret: environment.text('GENERIC_CLIENT_SECRET'),
    issuer: undefined,
    authorizationUrl,
    tokenUrl,
    userinfoUrl,
    scope: environment.text('GENERIC_SCOPE') ?? 'openid email profile',
    usePkce: environment.flag('GENERIC_CLIENT_USE_PKCE') ?? false,
    attributes: {
      id: attribute('ID', 'preferred_username'),
      email: attribute('EMAIL', 'email'),
      role: attribute('ROLE', 'role'),
      displayName: attribute('DISPLAY_NAME', 'name'),
      firstName: attribute('FIRST_NAME', 'given_name'),
      lastName: attribute('LAST_NAME', 'family_name'),
    },
    roles: readRoles(environment),
  }
}

function readRoles(environment: Section): SignOnRoles | undefined {
  const groupClaim = environment.text('GENERIC_ROLE_MAPPINGS_GROUP_CLAIM')
  const written = environment.text('GENERIC_ROLE_MAPPINGS_ROLES')
  const otherwise = environment.choice('GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE', roles)
  if (written === undefined && groupClaim === undefined) return undefined
  const groups = written === undefined ? {} : groupsOf(written)
  if (groups) return { groupClaim: groupClaim ?? 'groups', groups, otherwise }
  return environment.complain(
    'GENERIC_ROLE_MAPPINGS_ROLES',
    `must be JSON such as {"proxy_admin": ["admins"]}, with the roles ${roles.join(', ')}`,
  )
}

function groupsOf(written: string): SignOnRoles['groups'] | undefined {
  const parsed = parse(written)
  if (!isObject(parsed)) return undefined
  const groups: Partial<Record<Role, readonly string[]>> = {}
  for (const [name, list] of Object.entries(parsed)) {
    const role = roles.find((one) => one === name)
    if (role === undefined || !Array.isArray(list) || !list.every((one) => typeof one === 'string')) return undefined
    groups[role] = list
  }
  return groups
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
