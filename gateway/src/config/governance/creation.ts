import { roles } from '../../vocabulary/tenants.ts'
import type { CreationRules, KeyBounds, KeyDefaults, TeamDefaults, UserDefaults, UserTeam } from '../governance.ts'
import type { Section } from '../section.ts'
import type { Sections } from './sections.ts'

export function readCreation({ litellm, general }: Sections): CreationRules {
  const settings = litellm.inner('key_generation_settings')
  settings?.only(['team_key_generation', 'personal_key_generation'])
  return {
    keyDefaults: keyDefaults(litellm),
    keyBounds: keyBounds(litellm),
    teamKeys: teamKeys(settings?.inner('team_key_generation')),
    personalKeys: personalKeys(settings?.inner('personal_key_generation')),
    refuseKeysWithoutTeam: general.flag('default_team_disabled') ?? false,
    users: userDefaults(litellm),
    teams: teamDefaults(litellm.inner('default_team_params')),
  }
}

function boundsIn(section: Section): KeyBounds {
  return {
    maxBudget: section.money('max_budget'),
    budgetDuration: section.duration('budget_duration'),
    duration: section.duration('duration'),
    maxParallelRequests: section.whole('max_parallel_requests'),
    rpmLimit: section.whole('rpm_limit'),
    tpmLimit: section.whole('tpm_limit'),
  }
}

const boundKeys = ['max_budget', 'budget_duration', 'duration', 'max_parallel_requests', 'rpm_limit', 'tpm_limit']

function keyBounds(litellm: Section): KeyBounds {
  const section = litellm.inner('upperbound_key_generate_params')
  section?.only(boundKeys)
  return section ? boundsIn(section) : {}
}

function keyDefaults(litellm: Section): KeyDefaults {
  const section = litellm.inner('default_key_generate_params')
  section?.only([...boundKeys, 'soft_budget', 'models', 'user_id', 'team_id', 'tags', 'metadata'])
  const softBudget = section?.money('soft_budget') ?? litellm.money('default_soft_budget')
  if (!section) return { softBudget }
  const metadata = section.inner('metadata') && section.raw('metadata')
  return {
    ...boundsIn(section),
    softBudget,
    models: section.names('models'),
    userId: section.text('user_id'),
    teamId: section.text('team_id'),
    tags: section.names('tags'),
    metadata: typeof metadata === 'object' && metadata !== null ? { ...metadata } : undefined,
  }
}

function teamKeys(section: Section | undefined): CreationRules['teamKeys'] {
  section?.only(['allowed_team_member_roles', 'required_params'])
  return (
    section && {
      memberRoles: among(section, 'allowed_team_member_roles', ['admin', 'user']),
      requiredParams: section.names('required_params') ?? [],
    }
  )
}

function personalKeys(section: Section | undefined): CreationRules['personalKeys'] {
  section?.only(['allowed_user_roles', 'required_params'])
  return (
    section && {
      userRoles: among(section, 'allowed_user_roles', roles),
      requiredParams: section.names('required_params') ?? [],
    }
  )
}

/** The listed ones; all of them where there is no list. */
function among<T extends string>(section: Section, key: string, known: readonly T[]): readonly T[] {
  const list = section.names(key)
  if (list === undefined) return known
  if (list.some((one) => !known.some((role) => role === one)))
    section.complain(key, `may only list ${known.join(', ')}`)
  return known.filter((one) => list.includes(one))
}

function userDefaults(litellm: Section): UserDefaults {
  const section = litellm.inner('default_internal_user_params')
  section?.only(['user_role', 'max_budget', 'budget_duration', 'rpm_limit', 'tpm_limit', 'models', 'teams'])
  const budget = litellm.money('max_internal_user_budget') ?? litellm.money('default_max_internal_user_budget')
  return {
    role: section?.choice('user_role', roles),
    maxBudget: section?.money('max_budget') ?? budget,
    budgetDuration: section?.duration('budget_duration') ?? litellm.duration('internal_user_budget_duration'),
    rpmLimit: section?.whole('rpm_limit'),
    tpmLimit: section?.whole('tpm_limit'),
    models: section?.names('models'),
    teams: section ? userTeams(section) : [],
  }
}

/** Ids of teams, or mappings that say more of the membership. */
function userTeams(section: Section): readonly UserTeam[] {
  const given = section.raw('teams')
  if (Array.isArray(given) && given.every((one) => typeof one === 'string'))
    return given.map((teamId: string) => ({ teamId, role: 'user' }))
  return section.items('teams').flatMap((item): UserTeam[] => {
    item.only(['team_id', 'max_budget_in_team', 'user_role'])
    const teamId = item.text('team_id')
    if (teamId === undefined) item.complain('team_id', 'is missing')
    const role = item.choice('user_role', ['user', 'admin']) ?? 'user'
    return teamId === undefined ? [] : [{ teamId, maxBudget: item.money('max_budget_in_team'), role }]
  })
}

function teamDefaults(section: Section | undefined): TeamDefaults {
  section?.only(['max_budget', 'budget_duration', 'rpm_limit', 'tpm_limit', 'models', 'team_member_permissions'])
  if (!section) return {}
  return {
    maxBudget: section.money('max_budget'),
    budgetDuration: section.duration('budget_duration'),
    rpmLimit: section.whole('rpm_limit'),
    tpmLimit: section.whole('tpm_limit'),
    models: section.names('models'),
    memberPermissions: section.names('team_member_permissions'),
  }
}
