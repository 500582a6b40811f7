import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import type { Route } from '../../../pipeline/route.ts'
import { type Desk, each, row } from '../../row.ts'
import { id, invalid } from '../../shapes.ts'
import { newUserShape, updateAllShape, updateUserShape } from './user-fields.ts'
import { listUsers, userInfo, userInfoV2, userListQuery, userQuery } from './user-reads.ts'
import { createUser, deleteUsers, updateUser } from './user-writes.ts'

const write = { groups: ['management_routes'], policy: 'admin' } as const
const read = ['management_routes', 'info_routes'] as const

const bulkShape = z.object({
  users: z.array(updateUserShape.strict()).max(500).nullish(),
  all_users: z.boolean().nullish(),
  user_updates: updateAllShape.nullish(),
})

export const userRoutes: readonly Route[] = [
  row({
    id: 'user.new',
    at: 'POST /user/new',
    ...write,
    summary: 'Makes a user, with a key unless auto_create_key is false.',
    body: newUserShape,
    handle: createUser,
  }),
  row({
    id: 'user.update',
    at: 'POST /user/update',
    ...write,
    summary: 'Changes a user; fields that are not named stay.',
    body: updateUserShape,
    handle: (desk) => updateUser(desk, desk.body),
  }),
  row({
    id: 'user.bulk_update',
    at: 'POST /user/bulk_update',
    ...write,
    summary: 'Changes many users, or all of them.',
    body: bulkShape,
    handle: updateMany,
  }),
  row({
    id: 'user.delete',
    at: 'POST /user/delete',
    ...write,
    summary: 'Deletes users with their keys and memberships.',
    body: z.object({ user_ids: z.array(id).min(1).max(500) }),
    handle: (desk) => deleteUsers(desk, desk.body.user_ids),
  }),
  row({
    id: 'user.info',
    at: 'GET /user/info',
    groups: read,
    policy: 'key',
    summary: 'Shows a user with keys and teams; without user_id, the caller.',
    query: userQuery,
    handle: userInfo,
  }),
  row({
    id: 'user.info.v2',
    at: 'GET /v2/user/info',
    groups: read,
    policy: 'key',
    summary: 'Shows a user.',
    query: userQuery,
    handle: userInfoV2,
  }),
  row({
    id: 'user.list',
    at: 'GET /user/list',
    aliases: ['/user/get_users'],
    groups: read,
    policy: 'own-spend',
    summary: 'Lists users in pages.',
    query: userListQuery,
    handle: listUsers,
  }),
  row({
    id: 'user.available_roles',
    at: 'GET /user/available_roles',
    groups: read,
    policy: 'key',
    summary: 'Lists the roles that a user can have.',
    handle: () => availableRoles,
  }),
]

const availableRoles: JsonObject = {
  proxy_admin: { description: 'may do everything', ui_label: 'Admin (All Permissions)' },
  proxy_admin_viewer: { description: 'may see everything and change nothing', ui_label: 'Admin (View Only)' },
  internal_user: {
    description: 'may make, see and delete their own keys, and see their own spend',
    ui_label: 'Internal User (Create/Delete/View)',
  },
  internal_user_viewer: { description: 'may see their own keys and spend', ui_label: 'Internal Viewer (View Only)' },
}

/** `/user/bulk_update`: each user for itself; those that cannot be changed are told apart. */
async function updateMany(desk: Desk<z.infer<typeof bulkShape>, undefined>): Promise<JsonObject> {
  const { body, house } = desk
  const results: JsonObject[] = []
  const apply = async (changes: readonly z.infer<typeof updateUserShape>[]) => {
    const { done, failed } = await each(changes, async (change) => {
      const { user_id, data } = await updateUser(desk, change)
      return {
        user_id: user_id ?? null,
        user_email: change.user_email ?? null,
        success: true,
        error: null,
        updated_user: data ?? null,
      }
    })
    results.push(...done)
    for (const { item, why } of failed) {
      const { user_id = null, user_email = null } = item
      results.push({ user_id, user_email, success: false, error: why, updated_user: null })
    }
  }
  if (body.all_users) {
    const changes = body.user_updates
    if (!changes) throw invalid('user_updates', 'all_users needs user_updates: what all of them are given.')
    for (let after: string | undefined; ; ) {
      const users = await house.store.users.list({ limit: 200, ...(after !== undefined && { after }) })
      await apply(users.map(({ value }) => ({ ...changes, user_id: value.id })))
      after = users.at(-1)?.value.id
      if (after === undefined) break
    }
  } else if (body.users?.length) await apply(body.users)
  else throw invalid('users', 'Give users, or all_users with user_updates.')
  const successful = results.filter(({ success }) => success === true).length
  return {
    results,
    total_requested: results.length,
    successful_updates: successful,
    failed_updates: results.length - successful,
  }
}
