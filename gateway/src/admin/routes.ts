import type { Route } from '../pipeline/route.ts'

import { identityRoutes } from './identity/routes.ts'
import { keyRoutes } from './keys/routes.ts'
import { storedModelRoutes } from './models/routes.ts'
import { operationRoutes } from './operations/routes.ts'
import { spendRoutes } from './spend/routes.ts'
import { tenantRoutes } from './tenants/routes.ts'

/** The management API, under LiteLLM's paths. */
export const adminRoutes: readonly Route[] = [
  ...keyRoutes,
  ...storedModelRoutes,
  ...operationRoutes,
  ...identityRoutes,
  ...tenantRoutes,
  ...spendRoutes,
]
