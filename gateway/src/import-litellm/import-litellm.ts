import type { Sealing } from '../sealing/sealing.ts'
import type { Store } from '../store/store.ts'
import { type ResetClock, utcClock } from '../vocabulary/duration.ts'
import { openTextWith } from './decrypt.ts'
import { importKeys } from './kinds/keys.ts'
import { importCredentials, importModels } from './kinds/models.ts'
import { importOrganizationMembers, importUsers } from './kinds/people.ts'
import { importTeams } from './kinds/teams.ts'
import { importBudgets, importCustomers, importOrganizations, importTags } from './kinds/tenants.ts'
import type { Move } from './move.ts'
import { createTally, type ImportReport, linesOf, type Tally } from './report.ts'
import { openSource, type Source } from './source.ts'

export interface ImportOptions {
  /** URL of LiteLLM's Postgres database, as in its `DATABASE_URL` */
  readonly source: string
  readonly store: Store
  /** keeps the secrets of models and credentials here */
  readonly sealing: Sealing
  /** LiteLLM's `LITELLM_SALT_KEY`, or its master key where it had none */
  readonly saltKey?: string | undefined
  /** whether anything is written */
  readonly apply: boolean
  readonly now: () => number
  /** by which the periods of budgets turn; UTC where nothing is said */
  readonly clock?: ResetClock | undefined
  readonly print: (line: string) => void
}

/** What is put in before what refers to it; keys last, so that none works before its team's limits do. */
const steps: readonly ((move: Move) => Promise<void>)[] = [
  importBudgets,
  importOrganizations,
  importUsers,
  importOrganizationMembers,
  importTeams,
  importCustomers,
  importTags,
  importCredentials,
  importModels,
  importKeys,
]

/** The order of the report; kinds with nothing in them are told too. */
const kinds = [
  'budgets',
  'organizations',
  'users',
  'organization members',
  'teams',
  'team members',
  'customers',
  'tags',
  'credentials',
  'models',
  'keys',
  'spend totals',
]

/** Tables of LiteLLM's that a gateway could miss something from, and that have no counterpart here. */
const notBrought = [
  'LiteLLM_SpendLogs',
  'LiteLLM_AuditLog',
  'LiteLLM_Config',
  'LiteLLM_ConfigOverrides',
  'LiteLLM_SSOConfig',
  'LiteLLM_ProjectTable',
  'LiteLLM_AccessGroupTable',
  'LiteLLM_ObjectPermissionTable',
  'LiteLLM_GuardrailsTable',
  'LiteLLM_PolicyTable',
  'LiteLLM_PromptTable',
  'LiteLLM_MCPServerTable',
  'LiteLLM_AgentsTable',
  'LiteLLM_ManagedFileTable',
  'LiteLLM_ManagedVectorStoresTable',
  'LiteLLM_SearchToolsTable',
  'LiteLLM_InvitationLink',
  'LiteLLM_DeprecatedVerificationToken',
  'LiteLLM_JWTKeyMapping',
]

/**
 * Brings keys, tenants, budgets, models and spend totals over from a LiteLLM database, which is only read. What is here already stays
 * as it is, so that a run that was cut short can be run again. Without `apply` nothing is written.
 */
export async function importLiteLLM(options: ImportOptions): Promise<ImportReport> {
  const { store, sealing, apply, clock = utcClock, print } = options
  const tallies = new Map<string, Tally>(kinds.map((kind) => [kind, createTally(kind)]))
  const source = await openSource(options.source)
  try {
    const move: Move = {
      source,
      store,
      sealing,
      open: openTextWith(options.saltKey),
      apply,
      now: options.now(),
      clock,
      tally(kind) {
        const tally = tallies.get(kind) ?? createTally(kind)
        tallies.set(kind, tally)
        return tally
      },
    }
    for (const step of steps) await step(move)
    const report: ImportReport = {
      applied: apply,
      kinds: [...tallies.values()].map((tally) => tally.report()),
      tables: await notEmpty(source),
    }
    for (const line of linesOf(report)) print(line)
    return report
  } finally {
    await source.close()
  }
}

async function notEmpty(source: Source): Promise<readonly string[]> {
  const found: string[] = []
  for (const table of notBrought) if (!(await source.isEmpty(table))) found.push(table)
  return found
}
