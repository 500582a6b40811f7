import type { Fetch } from 'turnpike-core/internal/client/send'
import type { Access } from '../access/access.ts'
import { createAccess } from '../access/create-access.ts'
import { createSignOn, type SignOn } from '../access/sign-on/create-sign-on.ts'
import { createFlowSeal } from '../access/sign-on/flow.ts'
import { createPasswordBook } from '../access/sign-on/passwords.ts'
import { createDirectory } from '../access/sign-on/people/create-directory.ts'
import { newTeam, newUser } from '../access/sign-on/people/newcomers.ts'
import { createRelyingParty } from '../access/sign-on/relying-party.ts'
import { createSessions, type Sessions } from '../access/sign-on/sessions.ts'
import { createThrottle } from '../access/sign-on/throttle.ts'
import { createStandings, type Standings, underlaid } from '../access/standing.ts'
import { createTokenDoor, type TokenDoor } from '../access/tokens/create-token-door.ts'
import type { Config } from '../config/config.ts'
import type { Store } from '../store/store.ts'
import type { Customer, Tag } from '../vocabulary/tenants.ts'
import type { Terms } from '../vocabulary/terms.ts'
import { createPatience } from './patience.ts'

interface IdentityPorts {
  /** what may change while it acts is read where it is needed */
  readonly config: Pick<Config, 'governance'>
  readonly store: Store
  readonly masterKeys: readonly string[]
  readonly fetch: Fetch
  readonly now: () => number
}

/** Attempts to log in, per name and per source, in a quarter of an hour: LiteLLM's figures. */
const attempts = { perName: 50, perSource: 250, windowMs: 900_000 }

/** Who callers are: keys, tokens of identity providers, sessions of people. */
export function openIdentity(ports: IdentityPorts): { readonly access: Access; readonly signOn: SignOn } {
  const { config, store, masterKeys, fetch, now } = ports
  const standings = createStandings(store)
  const { access: rules, identity } = config.governance
  // what an identity provider changes acts on the next request: those who knock by token or session are looked up anew
  const changed = (): void => {
    tokens?.forget()
    access.forgetTenants()
  }
  const directory = createDirectory({
    store,
    now,
    by: 'identity-provider',
    newUser: (newcomer) => newUser(config.governance.creation, newcomer),
    newTeam: (team) => newTeam(config.governance.creation, team),
    changed,
  })
  const tokens =
    identity.jwt &&
    createTokenDoor({
      settings: identity.jwt,
      rolePermissions: identity.rolePermissions,
      directory,
      standings,
      fetch,
      now,
    })
  const sessions = createSessions({
    store,
    standings,
    now,
    lengthMs: identity.login.sessionMs,
    adminUserId: identity.adminUserId,
  })
  const access = openAccess(ports, { standings, tokens, sessions, freshMs: Math.min(rules.keyCacheMs, 30_000) })
  const signOn = createSignOn({
    settings: identity,
    providers: identity.signOn.map((row) => ({ row, party: createRelyingParty(row, { fetch }) })),
    directory,
    sessions,
    passwords: createPasswordBook(store, now),
    throttle: createThrottle({ ...attempts, now }),
    seal: createFlowSeal(config.governance.saltKey ?? masterKeys[0] ?? '', now),
    masterKeys,
    now,
  })
  return { access, signOn }
}

interface Doors {
  readonly standings: Standings
  readonly tokens: TokenDoor | undefined
  readonly sessions: Pick<Sessions, 'find'>
  readonly freshMs: number
}

function openAccess({ config, store, masterKeys, now }: IdentityPorts, doors: Doors): Access {
  const { standings, tokens, sessions, freshMs } = doors
  const soon = createPatience()

  async function withBudget<T extends Terms>(value: T | undefined, usual?: string): Promise<T | undefined> {
    const id = value?.budgetId ?? usual
    const budget = value && id !== undefined ? await store.budgets.find(id) : undefined
    return value && budget ? underlaid(value, budget.value) : value
  }

  const access = createAccess({
    masterKeys,
    now,
    freshMs,
    ...(tokens && { tokens }),
    findSession: sessions.find,
    findKey: soon(standings.ofKey),
    findStanding: soon((userId) => standings.ofUser(userId)),
    findUser: soon(async (id) => withBudget((await store.users.find(id))?.value)),
    findTeam: soon(async (id) => withBudget((await store.teams.find(id))?.value)),
    findCustomer: soon(async (id) => {
      const row = (await store.customers.find(id))?.value
      const usual = config.governance.budgets.customerBudgetId
      if (!row && usual === undefined) return undefined
      const customer: Customer = row ?? { id, blocked: false }
      return withBudget(customer, usual)
    }),
    findTag: soon(async (name) => {
      const { tags } = config.governance.budgets
      const cap = Object.hasOwn(tags, name) ? tags[name] : undefined
      const row = (await store.tags.find(name))?.value
      if (!row && !cap) return undefined
      const tag: Tag = row ?? { id: name, models: [] }
      const capped = cap && {
        maxBudget: cap.maxBudget,
        ...(cap.duration !== undefined && { budgetDuration: cap.duration }),
      }
      return withBudget(capped ? underlaid(tag, capped) : tag)
    }),
  })
  if (!tokens) return access
  return {
    ...access,
    forgetTenants() {
      access.forgetTenants()
      tokens.forget()
    },
  }
}
