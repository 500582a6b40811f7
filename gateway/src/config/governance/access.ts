import { isIP } from 'node:net'
import type { AccessRules, UserHeader } from '../governance.ts'
import type { Section } from '../section.ts'
import type { Sections } from './sections.ts'

export function readAccess({ general }: Sections): AccessRules {
  const serviceAccounts = general.inner('service_account_settings')
  serviceAccounts?.only(['enforced_params'])
  return {
    allowedIps: networks(general, 'allowed_ips'),
    useForwardedFor: general.flag('use_x_forwarded_for') ?? false,
    allowedRoutes: routes(general, 'allowed_routes') ?? [],
    publicRoutes: routes(general, 'public_routes') ?? [],
    adminOnlyRoutes: routes(general, 'admin_only_routes') ?? [],
    enforcedParams: members(general, 'enforced_params'),
    serviceAccountParams: serviceAccounts ? members(serviceAccounts, 'enforced_params') : [],
    requireUser: general.flag('enforce_user_param') ?? false,
    refuseClientTags: general.flag('reject_clientside_metadata_tags') ?? false,
    userHeaders: userHeaders(general),
    keyCacheMs: (general.number('user_api_key_cache_ttl') ?? 60) * 1000,
  }
}

function networks(section: Section, key: string): readonly string[] {
  const list = section.names(key) ?? []
  const wrong = list.find((one) => !isNetwork(one))
  if (wrong !== undefined)
    section.complain(key, `has \`${wrong}\`, which is neither an address nor a network such as 10.0.0.0/8`)
  return list
}

/** Whether this is an address, or a network as CIDR has them. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

const route = /^(?:\/\S*|[a-z][a-z_]*|\*)$/

/** Paths, where `*` stands for any rest, and names of route groups. */
export function routes(section: Section, key: string): readonly string[] | undefined {
  const list = section.names(key)
  const wrong = list?.find((one) => !route.test(one))
  if (wrong !== undefined)
    section.complain(
      key,
      `has \`${wrong}\`, which is neither a path such as /v1/models nor a group such as info_routes`,
    )
  return list
}

const member = /^[\w-]+(?:\.[\w-]+)?$/

function members(section: Section, key: string): readonly string[] {
  const list = section.names(key) ?? []
  const wrong = list.find((one) => !member.test(one))
  if (wrong !== undefined)
    section.complain(key, `has \`${wrong}\`; a member of the body is named like user, or metadata.team for one within`)
  return list
}

function userHeaders(general: Section): readonly UserHeader[] {
  const mapped = general.items('user_header_mappings').flatMap((item): UserHeader[] => {
    item.only(['header_name', 'litellm_user_role'])
    const header = item.text('header_name')
    if (header === undefined) item.complain('header_name', 'is missing: it is the header that names the user')
    const names = item.choice('litellm_user_role', ['customer', 'internal_user']) ?? 'customer'
    return header === undefined ? [] : [{ header: header.toLowerCase(), names }]
  })
  const single = general.text('user_header_name')
  return single === undefined ? mapped : [...mapped, { header: single.toLowerCase(), names: 'customer' }]
}
