import type { Route } from '../../pipeline/route.ts'
import { activityRoutes } from './activity/routes.ts'
import { auditRoutes } from './audit/audit.ts'
import { logRoutes } from './logs/routes.ts'
import { totalRoutes } from './totals/routes.ts'

/** What was spent, by whom, on what, and when; and who changed what. */
export const spendRoutes: readonly Route[] = [...logRoutes, ...totalRoutes, ...activityRoutes, ...auditRoutes]
