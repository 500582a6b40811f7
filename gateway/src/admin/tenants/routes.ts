import type { Route } from '../../pipeline/route.ts'
import { budgetRoutes, tagRoutes } from './budgets/routes.ts'
import { customerRoutes } from './customers/routes.ts'
import { organizationRoutes } from './organizations/routes.ts'
import { teamRoutes } from './teams/routes.ts'
import { userRoutes } from './users/routes.ts'

/** Users, teams, organisations, customers, budgets and tags. */
export const tenantRoutes: readonly Route[] = [
  ...userRoutes,
  ...teamRoutes,
  ...organizationRoutes,
  ...customerRoutes,
  ...budgetRoutes,
  ...tagRoutes,
]
