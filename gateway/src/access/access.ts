import type { Principal, Standing } from '../vocabulary/principal.ts'
import type { Customer, Tag, Team, User } from '../vocabulary/tenants.ts'

/** What a request shows of who sends it. */
export interface Credential {
  /** a key or a token */
  readonly secret: string | undefined
  /** the secret of a session after single sign-on, from its cookie */
  readonly session?: string | undefined
  readonly headers: Headers
}

/** The door: turns what is presented into a principal, and knows those that requests name. */
export interface Access {
  /**
   * Who presents this. Throws `missing-key`, `invalid-key` (wrong shape), `unknown-key`, `expired-key`, `blocked-key` (the key, its user or
   * its team), or `store-down` (503, never 401) when the store cannot be asked and the caller was not seen within the hour.
   */
  identify(credential: Credential): Principal | Promise<Principal>
  /** The same caller, acting for the first of its token's teams that grants what is asked for; others act for whom they act for. */
  actFor(principal: Principal, headers: Headers, grants: (team: Team) => boolean): Principal | Promise<Principal>
  customer(id: string): Customer | undefined | Promise<Customer | undefined>
  tag(name: string): Tag | undefined | Promise<Tag | undefined>
  user(id: string): User | undefined | Promise<User | undefined>
  team(id: string): Team | undefined | Promise<Team | undefined>
  /** where a user stands, for those who act for one */
  standing(userId: string): Standing | undefined | Promise<Standing | undefined>
  /** Forgets a key's snapshot, so that the next request sees its change. */
  forgetKey(hash: string): void
  /** Forgets everything that hangs on users, teams, organisations, customers, tags and budgets. */
  forgetTenants(): void
}
