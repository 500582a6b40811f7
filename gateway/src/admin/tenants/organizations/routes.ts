import type { Json } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import type { Route } from '../../../pipeline/route.ts'
import { row } from '../../row.ts'
import { id } from '../../shapes.ts'
import { addSeats, addShape, deleteSeat, deleteShape, updateSeat, updateShape } from './members.ts'
import { newOrganizationShape, updateOrganizationShape } from './organization-fields.ts'
import {
  createOrganization,
  deleteOrganizations,
  listOrganizations,
  organizationInfo,
  organizationListQuery,
  updateOrganization,
} from './organizations.ts'

const groups = ['management_routes'] as const
const read = ['management_routes', 'info_routes'] as const

export const organizationRoutes: readonly Route[] = [
  row({
    id: 'organization.new',
    at: 'POST /organization/new',
    groups,
    policy: 'admin',
    summary: 'Makes an organization.',
    body: newOrganizationShape,
    handle: createOrganization,
  }),
  row({
    id: 'organization.update',
    at: 'PATCH /organization/update',
    groups,
    policy: 'organization',
    summary: 'Changes an organization; fields that are not named stay.',
    body: updateOrganizationShape,
    handle: updateOrganization,
  }),
  row({
    id: 'organization.delete',
    at: 'DELETE /organization/delete',
    groups,
    policy: 'admin',
    summary: 'Deletes organizations with their teams and keys.',
    body: z.object({ organization_ids: z.array(id).min(1).max(100) }),
    handle: (desk) => deleteOrganizations(desk, desk.body.organization_ids),
  }),
  row({
    id: 'organization.info',
    at: 'GET /organization/info',
    groups: read,
    policy: 'own-spend',
    summary: 'Shows an organization with its members and teams.',
    query: z.object({ organization_id: id }),
    handle: (desk) => organizationInfo(desk, desk.query.organization_id),
  }),
  row({
    id: 'organization.info.many',
    at: 'POST /organization/info',
    groups: read,
    policy: 'own-spend',
    summary: 'Shows several organizations.',
    body: z.object({ organizations: z.array(id).min(1).max(100) }),
    async handle(desk): Promise<Json> {
      return Promise.all(desk.body.organizations.map((one) => organizationInfo(desk, one)))
    },
  }),
  row({
    id: 'organization.list',
    at: 'GET /organization/list',
    groups: read,
    policy: 'own-spend',
    summary: 'Lists organizations: all of them, or those that the caller administers.',
    query: organizationListQuery,
    handle: listOrganizations,
  }),
  row({
    id: 'organization.member_add',
    at: 'POST /organization/member_add',
    groups,
    policy: 'organization',
    summary: 'Adds members to an organization; whoever is not known becomes a user.',
    body: addShape,
    handle: addSeats,
  }),
  row({
    id: 'organization.member_update',
    at: 'PATCH /organization/member_update',
    groups,
    policy: 'organization',
    summary: 'Changes the role of a member of an organization.',
    body: updateShape,
    handle: updateSeat,
  }),
  row({
    id: 'organization.member_delete',
    at: 'DELETE /organization/member_delete',
    groups,
    policy: 'organization',
    summary: 'Takes a member out of an organization.',
    body: deleteShape,
    handle: deleteSeat,
  }),
]
