import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { isAdmin, readsAll } from '../../../access/rights.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Organization } from '../../../vocabulary/tenants.ts'
import { edited, forbidden, fresh, managesOrganization, notFound, record, type Who } from '../../desk.ts'
import type { Desk } from '../../row.ts'
import { id, invalid, text } from '../../shapes.ts'
import { deleteKeys } from '../keys-of.ts'
import { listed, pageFields, pageOf, usualList } from '../pages.ts'
import { deleteTeams } from '../teams/team-writes.ts'
import {
  checkOrganization,
  newOrganization,
  type newOrganizationShape,
  refuseFieldsAbove,
  type updateOrganizationShape,
  withOrganizationBody,
} from './organization-fields.ts'
import { organizationView, wholeOrganization } from './organization-view.ts'

const table = 'LiteLLM_OrganizationTable'

/** The organisation with this id, for somebody who manages it. Others are not told whether there is one. */
export async function managedOrganization(
  { house, caller }: Who,
  organizationId: string,
): Promise<Stored<Organization>> {
  if (!managesOrganization(caller, organizationId))
    throw forbidden(`Only a proxy admin or an admin of organization ${organizationId} can do this.`, 'organization_id')
  return organizationOrNotFound({ house }, organizationId)
}

async function organizationOrNotFound(
  { house }: Pick<Who, 'house'>,
  organizationId: string,
): Promise<Stored<Organization>> {
  const found = await house.store.organizations.find(organizationId)
  if (!found) throw notFound(`Organization not found, passed organization_id=${organizationId}`, 'organization_id')
  return found
}

export async function createOrganization(
  desk: Desk<z.infer<typeof newOrganizationShape>, undefined>,
): Promise<JsonObject> {
  const { body, house } = desk
  const organization = withOrganizationBody(newOrganization(body.organization_id ?? crypto.randomUUID()), body)
  await checkOrganization(house, organization)
  const stored = fresh(desk, organization)
  const { taken } = await house.store.organizations.insert(stored)
  if (taken !== undefined) throw invalid('organization_id', `Organization ${organization.id} already exists.`)
  const view = await organizationView(house, stored)
  await record(desk, { action: 'created', table, objectId: organization.id, after: view })
  return view
}

export async function updateOrganization(
  desk: Desk<z.infer<typeof updateOrganizationShape>, undefined>,
): Promise<JsonObject> {
  const { body, caller, house, named } = desk
  const found = await managedOrganization(desk, body.organization_id)
  if (!isAdmin(caller)) refuseFieldsAbove(named)
  const edit = (organization: Organization) => withOrganizationBody(organization, body)
  await checkOrganization(house, edit(found.value))
  const before = await organizationView(house, found)
  const after = await house.store.organizations.change(body.organization_id, (row) =>
    edited(desk, row, edit(row.value)),
  )
  if (!after || 'taken' in after)
    return organizationView(house, await organizationOrNotFound(desk, body.organization_id))
  const view = await organizationView(house, after)
  await record(desk, { action: 'updated', table, objectId: body.organization_id, before, after: view })
  return view
}

/** Organisations go with their teams, keys and memberships: nothing of theirs lives on without their budget. */
export async function deleteOrganizations(
  who: Who,
  organizationIds: readonly string[],
): Promise<readonly JsonObject[]> {
  const { store } = who.house
  const found: Stored<Organization>[] = []
  for (const organizationId of new Set(organizationIds)) found.push(await organizationOrNotFound(who, organizationId))
  const gone: JsonObject[] = []
  for (const stored of found) {
    const organizationId = stored.value.id
    const before = await organizationView(who.house, stored)
    const where = { organizationId }
    for (;;) {
      const teams = await store.teams.list({ where, limit: 100 })
      if (teams.length === 0) break
      await deleteTeams(
        who,
        teams.map(({ value }) => value.id),
      )
    }
    await deleteKeys(who, where)
    for (;;) {
      const seats = await store.organizationMembers.list({ where, limit: 500 })
      if (seats.length === 0) break
      await store.organizationMembers.remove(seats.map(({ value }) => value.id))
    }
    await store.organizations.remove([organizationId])
    await record(who, { action: 'deleted', table, objectId: organizationId, before })
    gone.push(before)
  }
  return gone
}

export async function organizationInfo(who: Who, organizationId: string): Promise<JsonObject> {
  if (!readsAll(who.caller)) return wholeOrganization(who.house, await managedOrganization(who, organizationId))
  return wholeOrganization(who.house, await organizationOrNotFound(who, organizationId))
}

export const organizationListQuery = z.object({ org_id: id.optional(), org_alias: text.optional(), ...pageFields })

/** All of them for who reads everything; else those that the caller administers. */
export async function listOrganizations(
  desk: Desk<undefined, z.infer<typeof organizationListQuery>>,
): Promise<Response> {
  const { house, caller, query } = desk
  const page = pageOf(query, usualList)
  const views = (rows: readonly Stored<Organization>[]) => Promise.all(rows.map((row) => wholeOrganization(house, row)))
  if (!readsAll(caller) || query.org_id !== undefined) {
    const own = caller.kind === 'key' || caller.kind === 'token' ? caller.administers.organizations : []
    const ids = readsAll(caller)
      ? [query.org_id ?? '']
      : own.filter((one) => query.org_id === undefined || one === query.org_id)
    const alias = query.org_alias?.toLowerCase() ?? ''
    const rows = (await house.store.organizations.findMany(ids)).filter(({ value }) =>
      (value.alias ?? '').toLowerCase().includes(alias),
    )
    return listed(await views(rows.slice(page.offset, page.offset + page.limit)), rows.length, page)
  }
  const filter = query.org_alias === undefined ? {} : { contains: { alias: query.org_alias } }
  const [rows, total] = await Promise.all([
    house.store.organizations.list({ ...filter, limit: page.limit, offset: page.offset }),
    house.store.organizations.count(filter),
  ])
  return listed(await views(rows), total, page)
}
