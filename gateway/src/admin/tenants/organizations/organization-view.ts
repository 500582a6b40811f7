import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { bucketOf } from '../../../admission/scopes.ts'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Organization } from '../../../vocabulary/tenants.ts'
import { modelsShown } from '../fields.ts'
import { teamView } from '../teams/team-view.ts'
import { seatView } from '../users/user-view.ts'
import { moneyView, stamps } from '../views.ts'

/** Members and teams of one organisation that are shown. */
const mostMembers = 5000
const mostTeams = 500

/** An organisation as the API shows it. */
export async function organizationView(house: House, stored: Stored<Organization>): Promise<JsonObject> {
  const { value: organization, extra } = stored
  const { terms, ...money } = await moneyView(house, bucketOf.organization(organization.id), organization)
  return {
    ...extra,
    ...terms,
    ...money,
    organization_id: organization.id,
    organization_alias: organization.alias ?? null,
    models: modelsShown(organization.models),
    metadata: organization.metadata as JsonObject,
    model_spend: {},
    users: null,
    object_permission: null,
    object_permission_id: null,
    ...stamps(stored),
  }
}

/** The same with its members, and its teams where the list is asked for. */
export async function wholeOrganization(house: House, stored: Stored<Organization>): Promise<JsonObject> {
  const organizationId = stored.value.id
  const [view, seats, teams] = await Promise.all([
    organizationView(house, stored),
    house.store.organizationMembers.list({ where: { organizationId }, limit: mostMembers }),
    house.store.teams.list({ where: { organizationId }, limit: mostTeams }),
  ])
  const users = await house.store.users.findMany(seats.map(({ value }) => value.userId))
  const emails = new Map(users.map(({ value }) => [value.id, value.email]))
  return {
    ...view,
    members: seats.map((seat) => ({ ...seatView(seat), user_email: emails.get(seat.value.userId) ?? null })),
    teams: await Promise.all(teams.map((team) => teamView(house, team))),
  }
}
