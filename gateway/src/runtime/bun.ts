import type { Listening, Serving } from './runtime.ts'

/** Bytes above which Bun itself answers 413 with an empty body; far above our own limit, which answers in the caller's format. */
const bunBodyLimit = 4 * 2 ** 30

/** Serves on Bun. Idle timeouts are off, because a quiet stream is not a dead one; our own deadlines hold instead. */
export function serveOnBun({ hostname, port, reusePort = false, handle, refuse }: Serving): Listening {
  const server = Bun.serve({
    hostname,
    port,
    reusePort,
    idleTimeout: 0,
    development: false,
    maxRequestBodySize: bunBodyLimit,
    fetch: (request, self) => handle(request, { address: plainAddress(self.requestIP(request)?.address) }),
    error: refuse,
  })
  return {
    port: server.port ?? port,
    url: `http://${hostname === '0.0.0.0' || hostname === '::' ? 'localhost' : hostname}:${server.port}`,
    stop: () => server.stop(),
    cut: () => void server.stop(true),
  }
}

/** An IPv4 address that came in through a dual-stack socket, as people write it. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/, '')
}

/** Bun holds back more than 256 calls at once unless its environment said otherwise when it started. */
export function warnOfBunLimits(variables: Readonly<Record<string, string | undefined>>): string | undefined {
  if (variables.BUN_CONFIG_MAX_HTTP_REQUESTS !== undefined) return undefined
  return 'BUN_CONFIG_MAX_HTTP_REQUESTS is not set: more than 256 calls at once will wait for each other. Start with `npm start` or set it to 65336.'
}
