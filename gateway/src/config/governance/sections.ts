import type { Complaint } from '../document.ts'
import type { Variables } from '../environment.ts'
import { type Section, sectionOf } from '../section.ts'

/** Everywhere that governance is configured. */
export interface Sections {
  readonly litellm: Section
  readonly router: Section
  readonly general: Section
  readonly environment: Section
  /** says what deserves a second look and stops nothing */
  readonly warn: (message: string) => void
}

/** The variables of the environment as a section; an empty one is not set. */
export function environmentSection(variables: Variables, complaints: Complaint[]): Section {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''))
  return sectionOf(set, [], () => ({ file: 'environment', line: 1, column: 1 }), complaints)
}

/** The parts of a text that commas separate. */
export function listed(text: string | undefined): readonly string[] {
  const parts = text?.split(',').map((part) => part.trim()) ?? []
  return parts.filter((part) => part !== '')
}

/** Members that protect: one that names a variable which is not set must not be left out as if nobody had asked for it. */
export const protective: ReadonlySet<string> = new Set([
  'admin_only_routes',
  'allowed_ips',
  'allowed_routes',
  'default_internal_user_params',
  'default_key_generate_params',
  'default_team_disabled',
  'default_team_params',
  'enable_jwt_auth',
  'enforce_user_param',
  'enforced_params',
  'global_max_parallel_requests',
  'key_generation_settings',
  'litellm_jwtauth',
  'max_budget',
  'max_end_user_budget_id',
  'max_internal_user_budget',
  'max_parallel_requests',
  'provider_budget_config',
  'reject_clientside_metadata_tags',
  'role_permissions',
  'service_account_settings',
  'tag_budget_config',
  'upperbound_key_generate_params',
])
