import type { Gateway } from '../../boot.ts'
import type { Handler } from '../../pipeline/handle.ts'
import type { Listening } from '../../runtime/runtime.ts'

/** The way out of a process that serves. */
export interface Leaving {
  /** the handler, which asks callers to go elsewhere with their next request as soon as this process is to be replaced */
  readonly handle: Handler
  /** Takes nothing new, finishes what runs, settles everything, ends the process; called once more, it cuts. */
  leave(server: Listening): Promise<void>
  /** The same after a while in which callers take their connections elsewhere: for a process that another one stands in for. */
  makeWay(server: Listening): Promise<void>
}

/** Long enough for a busy connection to send one more request, whose answer closes it. */
const makeWayMs = 1000

export function leavingOf(gateway: Gateway): Leaving {
  let left = false
  let goingAway = false

  async function leave(server: Listening): Promise<void> {
    if (left) {
      server.cut()
      return
    }
    left = true
    gateway.drain()
    const timer = setTimeout(() => server.cut(), gateway.house.config.general.drainMs)
    await server.stop()
    clearTimeout(timer)
    try {
      await gateway.close()
      process.exit(0)
    } catch (thrown) {
      console.error(`error: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      process.exit(1)
    }
  }

  return {
    async handle(request, peer) {
      const response = await gateway.handle(request, peer)
      if (goingAway) response.headers.set('connection', 'close')
      return response
    },
    leave,
    async makeWay(server) {
      goingAway = true
      await new Promise((resolve) => setTimeout(resolve, makeWayMs))
      await leave(server)
    },
  }
}
