import { adminRoutes } from './admin/routes.ts'
import { countRoutes } from './endpoints/count-tokens.ts'
import { healthRoutes } from './endpoints/health.ts'
import { modelInfoRoutes } from './endpoints/model-facts.ts'
import { modelRoutes } from './endpoints/models.ts'
import { openApiRoutes } from './endpoints/openapi/routes.ts'
import { surfaces } from './endpoints/surfaces.ts'
import type { Endpoint } from './pipeline/route.ts'

/** The router table: every path there is, with who may use it. */
export const endpoints: readonly Endpoint[] = [
  ...surfaces,
  ...countRoutes,
  ...modelRoutes,
  ...modelInfoRoutes,
  ...healthRoutes,
  ...adminRoutes,
  ...openApiRoutes(() => endpoints),
]
