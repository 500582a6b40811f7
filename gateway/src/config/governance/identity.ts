import { fixedMs, readDuration } from '../../vocabulary/duration.ts'
import type { IdentityRules, LoginRules } from '../governance.ts'
import { type Section, sectionOf } from '../section.ts'
import { readJwt, readRolePermissions } from './jwt.ts'
import { listed, type Sections } from './sections.ts'
import { readSignOn } from './sign-on.ts'

const nothing = sectionOf({}, [], () => ({ file: '', line: 1, column: 1 }), [])
const dayMs = 86_400_000

export function readIdentity(sections: Sections): IdentityRules {
  const { environment } = sections
  return {
    jwt: readJwt(sections, nothing),
    rolePermissions: readRolePermissions(sections),
    signOn: readSignOn(sections),
    login: readLogin(environment),
    publicUrl: environment.url('PROXY_BASE_URL')?.replace(/\/+$/, ''),
    allowedEmailDomains: listed(environment.text('ALLOWED_EMAIL_DOMAINS')).map((domain) => domain.toLowerCase()),
    adminUserId: environment.text('PROXY_ADMIN_ID'),
  }
}

function readLogin(environment: Section): LoginRules {
  const session = readDuration(environment.duration('LITELLM_UI_SESSION_DURATION') ?? '24h')
  return {
    username: environment.text('UI_USERNAME') ?? 'admin',
    password: environment.text('UI_PASSWORD'),
    sessionMs: (session && fixedMs(session)) ?? dayMs,
    logoutUrl: environment.url('PROXY_LOGOUT_URL'),
  }
}
