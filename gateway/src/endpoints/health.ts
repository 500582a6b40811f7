import type { House } from '../house.ts'
import type { Route } from '../pipeline/route.ts'
import { version } from '../version.ts'

const openai = { errors: 'openai-chat', groups: [] } as const

/** What is asked by load balancers, browsers and clients that warm up. Liveness never touches the store. */
export const healthRoutes: readonly Route[] = [
  {
    kind: 'route',
    id: 'health.liveness',
    method: 'GET',
    paths: ['/health/liveliness', '/health/liveness'],
    policy: 'public',
    ...openai,
    handle: () => Response.json("I'm alive!"),
  },
  {
    kind: 'route',
    id: 'health.readiness',
    method: 'GET',
    paths: ['/health/readiness'],
    policy: 'public',
    ...openai,
    handle: readiness,
  },
  {
    kind: 'route',
    id: 'health.readiness.details',
    method: 'GET',
    paths: ['/health/readiness/details'],
    policy: 'key',
    ...openai,
    handle: readiness,
  },
  {
    kind: 'route',
    id: 'claude-code.hello',
    method: 'GET',
    paths: ['/api/hello'],
    policy: 'public',
    ...openai,
    handle: () => Response.json({ message: 'hello' }),
  },
]

/** Who was known when the store went away is served for an hour; after that nobody with a virtual key is. */
const storeGoneMs = 3_600_000

/** Rows on their way to the store above which it is behind. */
const backlog = 1000

const redisWords = { alone: null, agreed: 'connected', 'cut-off': 'Not connected' } as const

/** Ready is who can serve somebody: what is only degraded is named, and takes no replica out of its load balancer. */
async function readiness(_: unknown, house: House): Promise<Response> {
  const { answers, lastAt } = await house.storeWatch.look()
  const waiting = house.ledger.waiting()
  const redis = redisWords[house.shared.agreement()]
  const { deployments } = house.router.pool
  const cooling = deployments.filter(({ id }) => house.router.health.cooling(id) > 0).length
  const degraded = [
    ...(answers ? [] : ['database']),
    ...(redis === 'Not connected' ? ['redis'] : []),
    ...(waiting > backlog ? ['journal'] : []),
    ...(deployments.length > 0 && cooling === deployments.length ? ['models'] : []),
    ...(house.live.refused ? ['configuration'] : []),
  ]
  const lost = !answers && house.now() - lastAt > storeGoneMs
  const status = house.draining() ? 'draining' : lost ? 'unhealthy' : 'healthy'
  return Response.json(
    {
      status,
      db: answers ? 'connected' : 'Not connected',
      cache: null,
      redis,
      journal: { rows_waiting: waiting },
      models: { deployments: deployments.length, out_of_rotation: cooling },
      degraded,
      litellm_version: version,
      success_callbacks: [],
    },
    status === 'healthy' ? {} : { status: 503, headers: { 'retry-after': '1' } },
  )
}
