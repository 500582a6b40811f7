import type { Fetch } from 'turnpike-core/internal/client/send'
import type { Access } from '../access/access.ts'
import { createAccess } from '../access/create-access.ts'
import { createStandings, underlaid } from '../access/standing.ts'
import type { Config } from '../config/config.ts'
import type { Store } from '../store/store.ts'
import type { Customer, Tag } from '../vocabulary/tenants.ts'
import type { Terms } from '../vocabulary/terms.ts'

interface IdentityPorts {
  readonly config: Config
  readonly store: Store
  readonly masterKeys: readonly string[]
  readonly fetch: Fetch
  readonly now: () => number
}

/** Who callers are: keys, tokens of identity providers, sessions of people. */
export function openIdentity({ config, store, masterKeys, now }: IdentityPorts): { readonly access: Access } {
  const standings = createStandings(store)
  const { budgets, access: rules } = config.governance

  async function withBudget<T extends Terms>(value: T | undefined, usual?: string): Promise<T | undefined> {
    const id = value?.budgetId ?? usual
    const budget = value && id !== undefined ? await store.budgets.find(id) : undefined
    return value && budget ? underlaid(value, budget.value) : value
  }

  const access = createAccess({
    masterKeys,
    now,
    freshMs: Math.min(rules.keyCacheMs, 30_000),
    findKey: standings.ofKey,
    findStanding: (userId) => standings.ofUser(userId),
    async findUser(id) {
      return withBudget((await store.users.find(id))?.value)
    },
    async findTeam(id) {
      return withBudget((await store.teams.find(id))?.value)
    },
    async findCustomer(id) {
      const row = (await store.customers.find(id))?.value
      const usual = budgets.customerBudgetId
      if (!row && usual === undefined) return undefined
      const customer: Customer = row ?? { id, blocked: false }
      return withBudget(customer, usual)
    },
    async findTag(name) {
      const cap = Object.hasOwn(budgets.tags, name) ? budgets.tags[name] : undefined
      const row = (await store.tags.find(name))?.value
      if (!row && !cap) return undefined
      const tag: Tag = row ?? { id: name, models: [] }
      const capped = cap && { maxBudget: cap.maxBudget, ...(cap.duration !== undefined && { budgetDuration: cap.duration }) }
      return withBudget(capped ? underlaid(tag, capped) : tag)
    },
  })
  return { access }
}
