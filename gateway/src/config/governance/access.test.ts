import { describe, expect, test } from 'bun:test'
import { faultsIn, readText } from '../testing/read-text.ts'

describe('access', () => {
  test('is for everybody with a key unless something is said', () => {
    expect(readText('{}').governance.access).toEqual({
      allowedIps: [],
      useForwardedFor: false,
      allowedRoutes: [],
      publicRoutes: [],
      adminOnlyRoutes: [],
      enforcedParams: [],
      serviceAccountParams: [],
      requireUser: false,
      refuseClientTags: false,
      userHeaders: [],
      keyCacheMs: 60_000,
    })
  })

  test('is read', () => {
    const text = [
      'general_settings:',
      '  allowed_ips: [10.0.0.0/8, 192.168.1.7, "2001:db8::/32", "::1"]',
      '  use_x_forwarded_for: true',
      '  allowed_routes: [/chat/completions, "/v1/*", info_routes]',
      '  public_routes: ["/health"]',
      '  admin_only_routes: ["/key/generate"]',
      '  enforced_params: [user, metadata.generation_name]',
      '  service_account_settings: {enforced_params: [user]}',
      '  enforce_user_param: true',
      '  reject_clientside_metadata_tags: true',
      '  user_header_name: X-User-Id',
      '  user_header_mappings: [{header_name: X-Staff, litellm_user_role: internal_user}]',
      '  user_api_key_cache_ttl: 5',
      '',
    ].join('\n')
    expect(readText(text).governance.access).toEqual({
      allowedIps: ['10.0.0.0/8', '192.168.1.7', '2001:db8::/32', '::1'],
      useForwardedFor: true,
      allowedRoutes: ['/chat/completions', '/v1/*', 'info_routes'],
      publicRoutes: ['/health'],
      adminOnlyRoutes: ['/key/generate'],
      enforcedParams: ['user', 'metadata.generation_name'],
      serviceAccountParams: ['user'],
      requireUser: true,
      refuseClientTags: true,
      userHeaders: [
        { header: 'x-staff', names: 'internal_user' },
        { header: 'x-user-id', names: 'customer' },
      ],
      keyCacheMs: 5000,
    })
  })

  test('is not opened by a variable that is not set', () => {
    const text = 'general_settings: {allowed_ips: os.environ/OFFICE, allowed_routes: [os.environ/ROUTE]}\n'
    expect(faultsIn(text).join('\n')).toMatch(/^1:20: .*OFFICE is not set.*unsafe/)
    expect(faultsIn(text).join('\n')).toMatch(/^1:\d+: .*ROUTE is not set.*unsafe/m)
  })

  test.each([
    ['{allowed_ips: 10.0.0.1}', /^1:20: .*list of texts/],
    ['{allowed_ips: [10.0.0.1, 10.0.0.0/33]}', /^1:20: .*`10\.0\.0\.0\/33`.*10\.0\.0\.0\/8/],
    ['{allowed_ips: [10.0.0.0/8/8]}', /^1:20: .*neither an address/],
    ['{allowed_ips: [10.0.0.x]}', /^1:20: .*neither an address/],
    ['{allowed_ips: ["::1/129"]}', /^1:20: .*neither an address/],
    ['{public_routes: ["no path"]}', /^1:20: `public_routes`.*neither a path/],
    ['{enforced_params: [a.b.c]}', /^1:20: .*metadata\.team/],
    ['{service_account_settings: {enforced_param: [user]}}', /^1:47: .*did you mean `enforced_params`/],
    ['{user_header_mappings: [{litellm_user_role: customer}]}', /^1:43: `header_name` is missing/],
    ['{user_header_mappings: [{header_name: x, litellm_user_role: admin}]}', /^1:60: .*customer, internal_user/],
    ['{user_header_mappings: {header_name: x}}', /^1:20: .*list of mappings/],
  ])('that cannot be understood stops the start at its place: %s', (section, expected) => {
    const [first = '', ...rest] = faultsIn(`general_settings: ${section}\n`)
    expect(first).toMatch(expected)
    expect(rest).toEqual([])
  })
})
