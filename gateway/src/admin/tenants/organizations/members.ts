import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { OrganizationMember } from '../../../vocabulary/tenants.ts'
import { edited, fresh, notFound, record, type Who } from '../../desk.ts'
import type { Desk } from '../../row.ts'
import { id, invalid, text } from '../../shapes.ts'
import { oneOrMany, unserved } from '../fields.ts'
import { findPerson, type Named, personOrNew } from '../people.ts'
import { seatView, userView } from '../users/user-view.ts'
import { managedOrganization } from './organizations.ts'

const role = z.enum(['org_admin', 'internal_user', 'internal_user_viewer'])
const budget = unserved('is not supported: give the organization, its teams or the user a budget')
const byPerson = { organization_id: id, user_id: id.nullish(), user_email: text.nullish() } as const

export const addShape = z.object({
  organization_id: id,
  member: oneOrMany(z.strictObject({ user_id: id.nullish(), user_email: text.nullish(), role })),
  max_budget_in_organization: budget,
})
export const updateShape = z.object({ ...byPerson, role: role.nullish(), max_budget_in_organization: budget })
export const deleteShape = z.object(byPerson)

function seatId(organizationId: string, userId: string): string {
  return `${organizationId}:${userId}`
}

/** `/organization/member_add`: all of them or none; who is not known becomes a user. */
export async function addSeats(desk: Desk<z.infer<typeof addShape>, undefined>): Promise<JsonObject> {
  const { body, house } = desk
  const { organization_id: organizationId } = body
  await managedOrganization(desk, organizationId)
  for (const one of body.member) {
    const user = await findPerson(house, one)
    if (user && (await house.store.organizationMembers.find(seatId(organizationId, user.value.id))))
      throw alreadyIn(user.value.id, organizationId)
  }
  const added: JsonObject[] = []
  const users: JsonObject[] = []
  for (const one of body.member) {
    const user = await personOrNew(desk, one)
    const userId = user.value.id
    const seat = fresh<OrganizationMember>(desk, {
      id: seatId(organizationId, userId),
      organizationId,
      userId,
      role: one.role,
    })
    const { taken } = await house.store.organizationMembers.insert(seat)
    if (taken !== undefined) throw alreadyIn(userId, organizationId)
    await recordSeat(desk, undefined, seat.value)
    added.push(seatView(seat, user.value.email))
    users.push(await userView(house, user))
  }
  return { organization_id: organizationId, updated_users: users, updated_organization_memberships: added }
}

function alreadyIn(userId: string, organizationId: string) {
  return invalid(
    'member',
    `User=${userId} is already in organization=${organizationId}. Change them by /organization/member_update.`,
  )
}

async function seatOf(house: House, organizationId: string, named: Named): Promise<Stored<OrganizationMember>> {
  const user = await findPerson(house, named)
  const userId = user?.value.id ?? named.user_id ?? undefined
  const seat =
    userId === undefined ? undefined : await house.store.organizationMembers.find(seatId(organizationId, userId))
  if (seat) return seat
  throw notFound(`User is not in organization=${organizationId}.`, named.user_id ? 'user_id' : 'user_email')
}

/** `/organization/member_update` */
export async function updateSeat(desk: Desk<z.infer<typeof updateShape>, undefined>): Promise<JsonObject> {
  const { body, house } = desk
  await managedOrganization(desk, body.organization_id)
  const seat = await seatOf(house, body.organization_id, body)
  const given = body.role
  if (!given) return seatView(seat)
  const after = await house.store.organizationMembers.change(seat.value.id, (row) =>
    edited(desk, row, { ...row.value, role: given }),
  )
  if (!after || 'taken' in after) throw notFound(`User is not in organization=${body.organization_id}.`, 'user_id')
  await recordSeat(desk, seat.value, after.value)
  return seatView(after)
}

/** `/organization/member_delete` */
export async function deleteSeat(desk: Desk<z.infer<typeof deleteShape>, undefined>): Promise<JsonObject> {
  const { body, house } = desk
  await managedOrganization(desk, body.organization_id)
  const seat = await seatOf(house, body.organization_id, body)
  await house.store.organizationMembers.remove([seat.value.id])
  await recordSeat(desk, seat.value, undefined)
  return seatView(seat)
}

/** Memberships are told in the trail of their organisation. */
async function recordSeat(
  who: Who,
  before: OrganizationMember | undefined,
  after: OrganizationMember | undefined,
): Promise<void> {
  const view = ({ userId, role: user_role }: OrganizationMember) => ({ member: { user_id: userId, user_role } })
  await record(who, {
    action: 'updated',
    table: 'LiteLLM_OrganizationTable',
    objectId: (after ?? before)?.organizationId ?? '',
    ...(before && { before: view(before) }),
    ...(after && { after: view(after) }),
  })
}
