import type { Config } from '../config/config.ts'
import { createMemoryShared } from '../shared/memory.ts'
import { createRedisShared } from '../shared/redis.ts'
import type { Shared } from '../shared/shared.ts'
import type { Store } from '../store/store.ts'

interface SharedPorts {
  readonly config: Config
  /** whether it is a visit, which agrees with nobody */
  readonly visiting?: boolean | undefined
  readonly store: Store
  readonly now: () => number
  readonly log: (line: string) => void
}

/** What replicas agree on: in Redis where one is configured, else in this process, which then is the only one. */
export async function openShared({ config, visiting, store, now, log }: SharedPorts): Promise<Shared> {
  const balanceOf = (bucket: string) => store.balanceOf(bucket)
  const onError = (error: unknown): void =>
    log(`error: news could not be heard: ${error instanceof Error ? error.message : String(error)}`)
  const { redis } = config.governance
  if (!redis || visiting) return createMemoryShared({ balanceOf, now, onError })
  const shared = createRedisShared({ url: redis.url, namespace: redis.namespace, balanceOf, now, log })
  // a Redis that does not answer is no reason not to start: it says so itself, and this replica goes on with its share
  await shared.ready
  return shared
}
