import { z } from 'zod'
import type { Route } from '../../pipeline/route.ts'
import { each, row } from '../row.ts'
import { dollars, invalid } from '../shapes.ts'
import { generateKey, generateServiceKey } from './generate.ts'
import { keyInfoOf, viewKey } from './key-view.ts'
import { aliasQuery, infoQuery, keyInfo, keyInfos, listAliases, listKeys, listQuery } from './listing/key-listing.ts'
import { deleteKeys } from './remove.ts'
import { regenerateKey } from './rotation/regenerate.ts'
import { resetSpend } from './rotation/reset-spend.ts'
import {
  bulkBody,
  deleteBody,
  generateBody,
  manyKeysBody,
  oneKeyBody,
  regenerateBody,
  updateBody,
} from './rules/shapes.ts'
import { setBlocked, updateKey } from './update.ts'

const groups = ['management_routes', 'key_management_routes']
const infoGroups = [...groups, 'info_routes']

/** Making and changing keys. */
const changes: readonly Route[] = [
  row({
    id: 'key.generate',
    at: 'POST /key/generate',
    policy: 'own-keys',
    groups,
    summary: 'Makes a virtual key; the answer is the only place where its secret is shown.',
    body: generateBody,
    handle: (desk) => generateKey(desk, desk.body),
  }),
  row({
    id: 'key.service_account.generate',
    at: 'POST /key/service-account/generate',
    policy: 'own-keys',
    groups,
    summary: 'Makes a key of a team that belongs to no user.',
    body: generateBody,
    handle: (desk) => generateServiceKey(desk, desk.body),
  }),
  row({
    id: 'key.update',
    at: 'POST /key/update',
    policy: 'own-keys',
    groups,
    summary: 'Changes what the body names of a key; null clears.',
    body: updateBody,
    async handle(desk) {
      const { key: sent, ...body } = desk.body
      return { ...(await viewKey(desk.house, await updateKey(desk, sent, body))), key: sent }
    },
  }),
  row({
    id: 'key.bulk_update',
    at: 'POST /key/bulk_update',
    policy: 'admin',
    groups,
    summary: 'Changes budget, team or tags of up to 500 keys; those that fail are told apart.',
    body: bulkBody,
    async handle(desk) {
      const { keys } = desk.body
      const { done, failed } = await each(keys, async ({ key, ...body }) => {
        const stored = await updateKey(desk, key, body)
        return { key, key_info: await keyInfoOf(desk.house, stored) }
      })
      return {
        total_requested: keys.length,
        successful_updates: done,
        failed_updates: failed.map(({ item, why }) => ({ key: item.key, key_info: null, failed_reason: why })),
      }
    },
  }),
  row({
    id: 'key.delete',
    at: 'POST /key/delete',
    policy: 'own-keys',
    groups,
    summary: 'Deletes keys by secret, hash or alias.',
    body: deleteBody,
    handle: (desk) => deleteKeys(desk, desk.body),
  }),
  ...[true, false].map((blocked) =>
    row({
      id: blocked ? 'key.block' : 'key.unblock',
      at: blocked ? 'POST /key/block' : 'POST /key/unblock',
      policy: 'own-keys',
      groups,
      summary: blocked ? 'Blocks a key.' : 'Unblocks a key.',
      body: oneKeyBody,
      handle: async (desk) => viewKey(desk.house, await setBlocked(desk, desk.body.key, blocked)),
    }),
  ),
]

/** Another secret, and what is spent. */
const rotations: readonly Route[] = [
  row({
    id: 'key.regenerate',
    at: 'POST /key/regenerate',
    aliases: ['/key/:key/regenerate'],
    policy: 'own-keys',
    groups,
    summary: 'Gives a key another secret; the old one is good for grace_period, or not at all.',
    body: regenerateBody,
    query: infoQuery,
    handle({ body: { key, ...body }, query, params, ...who }) {
      const sent = params.key ?? key ?? query.key
      if (sent === undefined || sent === null)
        throw invalid('key', 'key is missing: name it in the path, the body or ?key=.')
      return regenerateKey(who, sent, body)
    },
  }),
  row({
    id: 'key.reset_spend',
    at: 'POST /key/:key/reset_spend',
    policy: 'own-keys',
    groups,
    summary: 'Sets what a key has spent in the current period of its budget to less.',
    body: z.object({ reset_to: dollars }),
    handle: (desk) => resetSpend(desk, desk.params.key ?? '', desk.body.reset_to),
  }),
]

/** What is known of keys. */
const readings: readonly Route[] = [
  row({
    id: 'key.info',
    at: 'GET /key/info',
    policy: 'key',
    groups: infoGroups,
    summary: 'A key with its limits, budgets and spend; the caller’s own where none is named.',
    query: infoQuery,
    handle: (desk) => keyInfo(desk, desk.query.key),
  }),
  row({
    id: 'key.info.v2',
    at: 'POST /v2/key/info',
    policy: 'key',
    groups: infoGroups,
    summary: 'Several keys with their limits, budgets and spend.',
    body: manyKeysBody,
    handle: (desk) => keyInfos(desk, desk.body.keys),
  }),
  row({
    id: 'key.list',
    at: 'GET /key/list',
    policy: 'own-spend',
    groups,
    summary:
      'Pages of keys: everybody’s for who reads everything, else the caller’s own and those of teams they administer.',
    query: listQuery,
    handle: (desk) => listKeys(desk, desk.query),
  }),
  row({
    id: 'key.aliases',
    at: 'GET /key/aliases',
    policy: 'own-spend',
    groups,
    summary: 'Pages of the aliases that keys have.',
    query: aliasQuery,
    handle: (desk) => listAliases(desk, desk.query),
  }),
  row({
    id: 'key.health',
    at: 'POST /key/health',
    policy: 'key',
    groups: infoGroups,
    summary: 'Whether the key that asks is good.',
    handle: () => ({ key: 'healthy', logging_callbacks: null }),
  }),
]

/** `/key/*` */
export const keyRoutes: readonly Route[] = [...changes, ...rotations, ...readings]
