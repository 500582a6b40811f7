import type { Governance } from '../governance.ts'
import { readAccess } from './access.ts'
import { readCreation } from './creation.ts'
import { readIdentity } from './identity.ts'
import { readRedis } from './places.ts'
import type { Sections } from './sections.ts'
import { readBudgets, readHealth, readLimits, readRequestLogs } from './spending.ts'

/** Reads all rules; what does not fit is complained of by the sections. */
export function readGovernance(sections: Sections, masterKey: string | undefined): Governance {
  const { environment } = sections
  return {
    redis: readRedis(sections),
    budgets: readBudgets(sections),
    limits: readLimits(sections),
    access: readAccess(sections),
    identity: readIdentity(sections),
    creation: readCreation(sections),
    saltKey: environment.text('TURNPIKE_SALT_KEY') ?? environment.text('LITELLM_SALT_KEY') ?? masterKey,
    requestLogs: readRequestLogs(sections),
    health: readHealth(sections),
  }
}
