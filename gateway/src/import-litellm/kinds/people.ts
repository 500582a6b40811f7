import { emailField, userIdField } from '../../admin/tenants/fields.ts'
import { bucketOf } from '../../admission/scopes.ts'
import type { OrganizationMember, Role, User } from '../../vocabulary/tenants.ts'
import { roles } from '../../vocabulary/tenants.ts'
import { bring, type Thing } from '../bring.ts'
import { modelsOf, saysNothing, stored, text } from '../columns.ts'
import { partsOf, together } from '../fields.ts'
import type { Move } from '../move.ts'
import type { Tally } from '../report.ts'
import type { SourceRow } from '../source.ts'
import { spentOf } from '../spend.ts'
import { withTermsOf } from '../terms.ts'

/** A role by LiteLLM's name; one that nobody knows has the fewest rights that are usual. */
export function roleOf(given: string | undefined, usual: Role): Role {
  return roles.find((role) => role === given) ?? usual
}

export async function importUsers(move: Move): Promise<void> {
  const tally = move.tally('users')
  for await (const rows of move.source.pages({ table: 'LiteLLM_UserTable', key: ['user_id'] })) {
    tally.add({ found: rows.length })
    await bring(
      move,
      {
        kind: 'users',
        rows: move.store.users,
        id: ({ id }) => id,
        without(user, column) {
          const { email, ssoId, ...rest } = user
          if (column === 'email') return { ...rest, ...(ssoId !== undefined && { ssoId }) }
          return column === 'ssoId' ? { ...rest, ...(email !== undefined && { email }) } : undefined
        },
      },
      rows.flatMap((row) => userOf(row, tally, move.now) ?? []),
    )
  }
}

function userOf({ row }: SourceRow, tally: Tally, now: number): Thing<User> | undefined {
  const id = String(row.user_id)
  if (!userIdField.safeParse(id).success) {
    tally.skip('its id cannot be the name of a bucket', id)
    return undefined
  }
  const { notes, fields } = partsOf(row, { tally, id })
  if (!saysNothing(row.password)) tally.left('password', id)
  const given = text(row, 'user_role')
  // org_admin is given by memberships alone
  const role = given === 'org_admin' ? 'internal_user' : roleOf(given, 'internal_user')
  if (given !== undefined && given !== role) tally.adjust(`user_role ${given} becomes ${role}`, id)
  const email = text(row, 'user_email')
  const mails = email !== undefined && emailField.safeParse(email).success
  if (email !== undefined && !mails) tally.left('user_email (is no e-mail address)', id)
  const alias = text(row, 'user_alias')
  const ssoId = text(row, 'sso_user_id')
  const user: User = {
    id,
    ...(mails && { email }),
    ...(alias !== undefined && { alias }),
    role,
    models: modelsOf(row),
    ...(ssoId !== undefined && { ssoId }),
    // what LiteLLM's SCIM notes of somebody who was deactivated
    blocked: notes.scim_active === false,
    metadata: notes,
  }
  const value = withTermsOf(user, together(row, fields), { tally, id })
  return { stored: stored(value, row, now), spend: spentOf(bucketOf.user(id), row, [row]) }
}

export async function importOrganizationMembers(move: Move): Promise<void> {
  const kind = 'organization members'
  const tally = move.tally(kind)
  const query = { table: 'LiteLLM_OrganizationMembership', key: ['organization_id', 'user_id'] }
  for await (const rows of move.source.pages(query)) {
    tally.add({ found: rows.length })
    const goal = { kind, rows: move.store.organizationMembers, id: ({ id }: OrganizationMember) => id }
    await bring(
      move,
      goal,
      rows.map(({ row }) => {
        const [organizationId, userId] = [String(row.organization_id), String(row.user_id)]
        const id = `${organizationId}:${userId}`
        const role = roleOf(text(row, 'user_role'), 'internal_user')
        if (typeof row.spend === 'number' && row.spend > 0) tally.left('spend', id)
        const member = withTermsOf<OrganizationMember>({ id, organizationId, userId, role }, row, { tally, id })
        return { stored: stored(member, row, move.now) }
      }),
    )
  }
}
