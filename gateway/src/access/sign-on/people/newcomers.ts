import type { CreationRules } from '../../../config/governance.ts'
import type { Team, User } from '../../../vocabulary/tenants.ts'
import type { Newcomer } from './directory.ts'

/** A user with what the operator gives to new ones. */
export function newUser({ users }: Pick<CreationRules, 'users'>, newcomer: Newcomer): User {
  const { id, email, alias, ssoId, role } = newcomer
  return {
    id,
    ...(email !== undefined && { email }),
    ...(alias !== undefined && { alias }),
    ...(ssoId !== undefined && { ssoId }),
    role: role ?? users.role ?? 'internal_user_viewer',
    models: users.models ?? ['all-proxy-models'],
    ...(users.maxBudget !== undefined && { maxBudget: users.maxBudget }),
    ...(users.budgetDuration !== undefined && { budgetDuration: users.budgetDuration }),
    ...(users.rpmLimit !== undefined && { rpmLimit: users.rpmLimit }),
    ...(users.tpmLimit !== undefined && { tpmLimit: users.tpmLimit }),
    blocked: false,
    metadata: {},
  }
}

/** A team with what the operator gives to new ones. */
export function newTeam(
  { teams }: Pick<CreationRules, 'teams'>,
  { id, alias }: { readonly id: string; readonly alias?: string | undefined },
): Team {
  return {
    id,
    ...(alias !== undefined && { alias }),
    models: teams.models ?? ['all-proxy-models'],
    modelAliases: {},
    memberPermissions: teams.memberPermissions ?? [],
    ...(teams.maxBudget !== undefined && { maxBudget: teams.maxBudget }),
    ...(teams.budgetDuration !== undefined && { budgetDuration: teams.budgetDuration }),
    ...(teams.rpmLimit !== undefined && { rpmLimit: teams.rpmLimit }),
    ...(teams.tpmLimit !== undefined && { tpmLimit: teams.tpmLimit }),
    blocked: false,
    metadata: {},
  }
}
