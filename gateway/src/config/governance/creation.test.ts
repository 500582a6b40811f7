import { describe, expect, test } from 'bun:test'
import { faultsIn, readText, usd } from '../testing/read-text.ts'

const creation = (text: string) => readText(text).governance.creation

describe('what is created', () => {
  test('has no defaults and no bounds unless they are set', () => {
    expect(creation('{}')).toEqual({
      keyDefaults: {},
      keyBounds: {},
      teamKeys: undefined,
      personalKeys: undefined,
      refuseKeysWithoutTeam: false,
      users: { role: undefined, teams: [] },
      teams: {},
    })
  })

  test('as a key gets defaults within bounds', () => {
    const { keyDefaults, keyBounds } = creation(
      [
        'litellm_settings:',
        '  default_soft_budget: 40',
        '  default_key_generate_params: {max_budget: 1.5, models: [gpt], team_id: core, metadata: {setting: default}}',
        '  upperbound_key_generate_params: {max_budget: 100, duration: 30d, tpm_limit: 1000, max_parallel_requests: 4}',
        '',
      ].join('\n'),
    )
    expect(keyDefaults).toEqual({
      maxBudget: usd(1.5),
      softBudget: usd(40),
      models: ['gpt'],
      teamId: 'core',
      metadata: { setting: 'default' },
    })
    expect(keyBounds).toEqual({ maxBudget: usd(100), duration: '30d', tpmLimit: 1000, maxParallelRequests: 4 })
  })

  test('as a key is made by whom the settings let; a list that is absent lets all', () => {
    const { teamKeys, personalKeys, refuseKeysWithoutTeam } = creation(
      [
        'litellm_settings:',
        '  key_generation_settings:',
        '    team_key_generation: {allowed_team_member_roles: [admin], required_params: [tags]}',
        '    personal_key_generation: {allowed_user_roles: [proxy_admin]}',
        'general_settings: {default_team_disabled: true}',
        '',
      ].join('\n'),
    )
    expect(teamKeys).toEqual({ memberRoles: ['admin'], requiredParams: ['tags'] })
    expect(personalKeys).toEqual({ userRoles: ['proxy_admin'], requiredParams: [] })
    expect(refuseKeysWithoutTeam).toBe(true)
    expect(
      creation('litellm_settings: {key_generation_settings: {team_key_generation: {}}}\n').teamKeys?.memberRoles,
    ).toEqual(['admin', 'user'])
  })

  test('as a user gets what its own defaults say, else the older settings', () => {
    const old = 'litellm_settings:\n  max_internal_user_budget: 10\n  internal_user_budget_duration: 1mo\n'
    expect(creation(old).users).toEqual({
      role: undefined,
      maxBudget: usd(10),
      budgetDuration: '1mo',
      teams: [],
    })
    const own = `${old}  default_internal_user_params: {user_role: internal_user, max_budget: 3, models: [a], teams: [{team_id: t, max_budget_in_team: 1, user_role: admin}]}\n`
    expect(creation(own).users).toEqual({
      role: 'internal_user',
      maxBudget: usd(3),
      budgetDuration: '1mo',
      models: ['a'],
      teams: [{ teamId: 't', maxBudget: usd(1), role: 'admin' }],
    })
    expect(creation('litellm_settings: {default_internal_user_params: {teams: [t]}}\n').users.teams).toEqual([
      { teamId: 't', role: 'user' },
    ])
  })

  test('as a team gets defaults', () => {
    expect(
      creation(
        'litellm_settings: {default_team_params: {max_budget: 5, budget_duration: 7d, models: [a], team_member_permissions: [/key/info]}}\n',
      ).teams,
    ).toEqual({ maxBudget: usd(5), budgetDuration: '7d', models: ['a'], memberPermissions: ['/key/info'] })
  })

  test.each([
    ['{upperbound_key_generate_params: {max_budgt: 1}}', /^1:53: .*did you mean `max_budget`/],
    ['{upperbound_key_generate_params: {models: [a]}}', /^1:53: `models` is not a known key; there are max_budget/],
    ['{upperbound_key_generate_params: 5}', /^1:20: .*must be a mapping/],
    ['{default_key_generate_params: {tpm_limit: 1.5}}', /^1:50: .*whole number/],
    ['{default_key_generate_params: {metadata: a}}', /^1:50: .*must be a mapping/],
    ['{default_internal_user_params: {user_role: king}}', /^1:51: .*one of proxy_admin, /],
    ['{default_internal_user_params: {teams: [{user_role: admin}]}}', /^1:59: `team_id` is missing/],
    ['{key_generation_settings: {team_key_generation: {allowed_team_member_roles: [owner]}}}', /^1:68: .*admin, user/],
  ])('by a rule that cannot be kept stops the start at its place: %s', (section, expected) => {
    expect(faultsIn(`litellm_settings: ${section}\n`)[0]).toMatch(expected)
  })
})
