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
    id: 'claude-code.hello',
    method: 'GET',
    paths: ['/api/hello'],
    policy: 'public',
    ...openai,
    handle: () => Response.json({ message: 'hello' }),
  },
]

function readiness(_: unknown, house: House): Response {
  const ready = !house.draining()
  const store = storeAnswers(house) ? 'connected' : 'Not connected'
  return Response.json(
    { status: ready ? 'healthy' : 'draining', db: store, cache: null, litellm_version: version, success_callbacks: [] },
    { status: ready ? 200 : 503 },
  )
}

function storeAnswers(house: House): boolean {
  try {
    house.store.balanceOf('all')
    return true
  } catch {
    return false
  }
}
