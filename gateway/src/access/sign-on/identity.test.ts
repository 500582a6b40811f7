import { describe, expect, test } from 'bun:test'
import { readIdentity } from './identity.ts'
import type { SignOnRow } from './relying-party.ts'

const row: SignOnRow = {
  kind: 'generic',
  clientId: 'c',
  clientSecret: undefined,
  issuer: undefined,
  authorizationUrl: 'https://idp.example/authorize',
  tokenUrl: 'https://idp.example/token',
  userinfoUrl: 'https://idp.example/userinfo',
  scope: 'openid',
  usePkce: true,
  attributes: {
    id: 'preferred_username',
    email: 'email',
    role: 'realm.role',
    displayName: 'name',
    firstName: 'given_name',
    lastName: 'family_name',
  },
  roles: undefined,
}

describe('who signed on', () => {
  test('is named by the configured attribute, else by the subject, and by nobody where neither is there', () => {
    expect(readIdentity({ sub: 's', preferred_username: 'ada' }, row)?.subject).toBe('ada')
    expect(readIdentity({ sub: 's' }, row)?.subject).toBe('s')
    expect(readIdentity({ name: 'Ada' }, row)).toBeUndefined()
    expect(readIdentity({ sub: 'a\nb' }, row)).toBeUndefined()
  })

  test('has a name put together where there is none whole', () => {
    expect(readIdentity({ sub: 's', given_name: 'Ada', family_name: 'L' }, row)?.name).toBe('Ada L')
  })

  test('takes the most powerful of several roles, and no role that a membership gives', () => {
    const roleOf = (role: string | string[]) => readIdentity({ sub: 's', realm: { role } }, row)?.role
    expect(roleOf(['internal_user', 'proxy_admin_viewer'])).toBe('proxy_admin_viewer')
    expect(roleOf('org_admin')).toBeUndefined()
    expect(roleOf('root')).toBeUndefined()
  })

  test('has no address that a foreign Microsoft tenant may have made up', () => {
    const shared: SignOnRow = {
      ...row,
      kind: 'microsoft',
      authorizationUrl: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    }
    const claims = { sub: 's', email: 'boss@acme.example', userPrincipalName: 'x@evil.example' }
    expect(readIdentity(claims, shared)?.email).toBeUndefined()
    expect(readIdentity({ ...claims, xms_edov: true }, shared)?.email).toBe('boss@acme.example')
    const byLogin = { ...shared, attributes: { ...row.attributes, email: 'userPrincipalName' } }
    expect(readIdentity(claims, byLogin)?.email).toBe('x@evil.example')
    const own = { ...shared, authorizationUrl: 'https://login.microsoftonline.com/acme/oauth2/v2.0/authorize' }
    expect(readIdentity(claims, own)?.email).toBe('boss@acme.example')
  })
})
