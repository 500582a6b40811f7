import type { Policy } from '../access/rights.ts'
import type { Route } from '../pipeline/route.ts'
import { identityRoutes } from './identity/routes.ts'
import { keyInfo, keysBySpend, listAliases, listKeys } from './keys/key-listing.ts'
import { deleteKeys, generateKey, setBlocked, updateKey } from './keys/keys.ts'
import { storedModelRoutes } from './models/routes.ts'
import { globalSpend, spendLogs } from './spend/spend.ts'
import { tenantRoutes } from './tenants/routes.ts'

function row(
  id: string,
  at: `${'GET' | 'POST'} ${string}`,
  rest: Pick<Route, 'handle' | 'groups'> & { readonly policy?: Policy },
): Route {
  const [method, path = ''] = at.split(' ') as ['GET' | 'POST', string]
  return { kind: 'route', id, method, paths: [path], policy: 'admin', errors: 'openai-chat', ...rest }
}

const keyRoutes = ['management_routes', 'key_management_routes']
const spendRoutes = ['spend_tracking_routes']

/** The management API, under LiteLLM's paths. */
export const adminRoutes: readonly Route[] = [
  row('key.generate', 'POST /key/generate', { groups: keyRoutes, handle: generateKey }),
  row('key.update', 'POST /key/update', { groups: keyRoutes, handle: updateKey }),
  row('key.delete', 'POST /key/delete', { groups: keyRoutes, handle: deleteKeys }),
  row('key.block', 'POST /key/block', { groups: keyRoutes, handle: setBlocked(true) }),
  row('key.unblock', 'POST /key/unblock', { groups: keyRoutes, handle: setBlocked(false) }),
  row('key.info', 'GET /key/info', { groups: [...keyRoutes, 'info_routes'], policy: 'key', handle: keyInfo }),
  row('key.list', 'GET /key/list', { groups: keyRoutes, handle: listKeys }),
  row('key.aliases', 'GET /key/aliases', { groups: keyRoutes, handle: listAliases }),
  row('spend.logs', 'GET /spend/logs', { groups: spendRoutes, handle: spendLogs }),
  row('spend.keys', 'GET /spend/keys', { groups: spendRoutes, handle: keysBySpend }),
  row('global.spend', 'GET /global/spend', { groups: ['global_spend_tracking_routes'], handle: globalSpend }),
  ...storedModelRoutes,
  ...identityRoutes,
  ...tenantRoutes,
]
