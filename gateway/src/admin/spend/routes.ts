import type { Route } from '../../pipeline/route.ts'
import { activityRoutes } from './activity/routes.ts'
import { logRoutes } from './logs/routes.ts'
import { totalRoutes } from './totals/routes.ts'

/** What was spent, by whom, on what, and when. */
export const spendRoutes: readonly Route[] = [...logRoutes, ...totalRoutes, ...activityRoutes]
