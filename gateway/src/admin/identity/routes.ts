import { newTeam, newUser } from '../../access/sign-on/people/newcomers.ts'
import type { Route } from '../../pipeline/route.ts'
import { changedBy, record, type Table } from '../desk.ts'
import type { Provisioned } from './scim/desk.ts'
import { createScimRoutes } from './scim/routes.ts'
import { createSignOnRoutes } from './sign-on/routes.ts'

const tables: Readonly<Record<Provisioned['kind'], Table>> = {
  user: 'LiteLLM_UserTable',
  team: 'LiteLLM_TeamTable',
  key: 'LiteLLM_VerificationToken',
}

/** How people and their directories come in: single sign-on, logins, SCIM. */
export const identityRoutes: readonly Route[] = [
  ...createSignOnRoutes({ signOnOf: (house) => house.signOn, sourceOf: ({ address }) => address }),
  ...createScimRoutes((call, house) => {
    const who = { caller: call.principal, call, house }
    const { creation, identity } = house.config.governance
    return {
      store: house.store,
      now: house.now,
      by: changedBy(who),
      publicUrl: identity.publicUrl,
      newUser: (newcomer) => newUser(creation, newcomer),
      newTeam: (team) => newTeam(creation, team),
      changed: ({ kind, id, ...change }) => record(who, { table: tables[kind], objectId: id, ...change }),
    }
  }),
]
