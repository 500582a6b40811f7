import { z } from 'zod'
import type { House } from '../../../house.ts'
import type { Organization } from '../../../vocabulary/tenants.ts'
import { forbidden } from '../../desk.ts'
import { id, text } from '../../shapes.ts'
import { termFields, withTerms } from '../../terms.ts'
import {
  checkedMetadata,
  everyModel,
  metadataField,
  modelsField,
  modelsInside,
  patched,
  placeIdField,
  unserved,
  unservedFields,
} from '../fields.ts'
import { checkBudgetId } from '../views.ts'

const organizationFields = {
  ...unservedFields,
  ...termFields,
  models: modelsField,
  metadata: metadataField,
  allowed_models: unserved('is not supported: give models'),
} as const

export const newOrganizationShape = z.object({
  ...organizationFields,
  organization_id: placeIdField.nullish(),
  organization_alias: text.min(1),
})

export const updateOrganizationShape = z.object({
  ...organizationFields,
  organization_id: id,
  organization_alias: text.nullish(),
})

export type OrganizationBody = Omit<z.infer<typeof updateOrganizationShape>, 'organization_id'>

/** What the administrators of an organisation may change of it themselves: the rest binds them too. */
const ownFields = new Set(['organization_id', 'organization_alias', 'metadata', 'soft_budget'])

export function refuseFieldsAbove(named: ReadonlySet<string>): void {
  for (const name of named)
    if (!ownFields.has(name)) throw forbidden(`${name} of an organization can only be changed by a proxy admin.`, name)
}

export function newOrganization(organizationId: string): Organization {
  return { id: organizationId, models: everyModel, metadata: {} }
}

/** An organisation with what a body names; the rest stays. */
export function withOrganizationBody(organization: Organization, body: OrganizationBody): Organization {
  return withTerms(
    patched<Organization>(organization, {
      alias: body.organization_alias,
      models: modelsInside(body.models),
      metadata: checkedMetadata(body.metadata),
    }),
    body,
  )
}

export async function checkOrganization(house: House, organization: Organization): Promise<void> {
  await checkBudgetId(house, organization)
}
