import { z } from 'zod'
import type { House } from '../../../house.ts'
import type { User } from '../../../vocabulary/tenants.ts'
import { dollars, duration, id, text } from '../../shapes.ts'
import { termFields, withTerms } from '../../terms.ts'
import {
  checkedMetadata,
  emailField,
  metadataField,
  modelsField,
  modelsInside,
  patched,
  unserved,
  unservedFields,
  userIdField,
} from '../fields.ts'
import { checkBudgetId } from '../views.ts'

const userRole = z.enum(['proxy_admin', 'proxy_admin_viewer', 'internal_user', 'internal_user_viewer'])

const userFields = {
  ...unservedFields,
  agent_id: unserved(),
  allowed_cache_controls: unserved(),
  config: unserved(),
  permissions: unserved(),
  user_alias: text.nullish(),
  user_role: userRole.nullish(),
  models: modelsField,
  metadata: metadataField,
  blocked: z.boolean().nullish(),
  ...termFields,
} as const

const membership = z.union([
  id,
  z.strictObject({
    team_id: id,
    max_budget_in_team: dollars.nullish(),
    user_role: z.enum(['user', 'admin']).default('user'),
  }),
])

export const newUserShape = z.object({
  ...userFields,
  user_id: userIdField.nullish(),
  user_email: emailField.nullish(),
  sso_user_id: id.nullish(),
  teams: z.array(membership).max(500).nullish(),
  organizations: z.array(id).max(500).nullish(),
  auto_create_key: z.boolean().default(true),
  /** no mail is sent; LiteLLM's clients always send it */
  send_invite_email: z.boolean().nullish(),
  key_alias: text.min(1).nullish(),
  duration: duration.nullish(),
  aliases: z.record(z.string().min(1), z.string().min(1)).nullish(),
  team_id: id.nullish(),
})

const ofKeys = unserved('belongs to a key: change it by /key/update')

export const updatedFields = {
  ...userFields,
  key_alias: ofKeys,
  duration: ofKeys,
  aliases: ofKeys,
  team_id: unserved('is changed by /team/member_add and /team/member_delete'),
  password: unserved('is not supported: people sign on with an identity provider'),
} as const

export const updateUserShape = z.object({
  ...updatedFields,
  user_id: userIdField.nullish(),
  user_email: emailField.nullish(),
})

/** What all of many users are given. */
export const updateAllShape = z.strictObject(updatedFields)

export type UserBody = z.infer<typeof updateAllShape>

/** A user with what a body names; the rest stays. */
export function withUserBody(user: User, body: UserBody, email?: string | null): User {
  return withTerms(
    patched<User>(user, {
      alias: body.user_alias,
      email,
      // a user without a role would be nobody
      role: body.user_role ?? undefined,
      models: modelsInside(body.models),
      blocked: body.blocked === null ? false : body.blocked,
      metadata: checkedMetadata(body.metadata),
    }),
    body,
  )
}

export async function checkUser(house: House, user: User): Promise<void> {
  await checkBudgetId(house, user)
}
