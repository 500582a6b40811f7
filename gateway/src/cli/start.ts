import { formatOf } from 'turnpike-core/internal/formats/index'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { boot, type Gateway } from '../boot.ts'
import { readConfig } from '../config/read.ts'
import { serveOnBun, warnOfBunLimits } from '../runtime/bun.ts'
import type { Listening } from '../runtime/runtime.ts'
import { banner } from './banner.ts'
import { masterKey } from './master-key.ts'

export interface StartOptions {
  readonly config?: string
  readonly host?: string
  readonly port: number
  readonly numWorkers?: number
  readonly insecure?: boolean
  /** LiteLLM's single-model start */
  readonly model?: string
  readonly alias?: string
  readonly apiBase?: string
}

/** Starts the gateway and returns the process's exit code once it has left, or undefined while it serves. */
export async function start(options: StartOptions): Promise<number | undefined> {
  if ((options.numWorkers ?? 1) > 1) {
    console.error(
      '--num_workers: more than one process needs Redis to agree on limits and budgets, which this version does not have; start one.',
    )
    return 1
  }
  const config = withSingleModel(readConfig(options.config, process.env), options)
  const master = masterKey(config.general.masterKey, config.general.databasePath)
  const guarded = master.file !== undefined || (master.weakness !== undefined && options.insecure !== true)
  const host =
    options.host !== undefined && (!guarded || isLoopback(options.host))
      ? options.host
      : guarded
        ? '127.0.0.1'
        : '0.0.0.0'
  if (options.host !== undefined && options.host !== host)
    console.error(`warning: listening on ${host} instead of ${options.host}: ${whyGuarded(master.file)}`)
  for (const warning of config.warnings) console.error(`warning: ${warning}`)
  const limit = warnOfBunLimits(process.env)
  if (limit !== undefined) console.error(`warning: ${limit}`)
  // what we write holds hashes of keys and who spent what: it is for the operator's eyes
  process.umask(0o077)
  const gateway = await boot(config, [master.key])
  const server = serveOnBun({ hostname: host, port: options.port, handle: gateway.handle, refuse: plainRefusal })
  leaveOnSignal(gateway, server, config.general.drainMs)
  keepAlive()
  console.log(banner({ url: server.url, host, port: server.port, config, file: options.config, master }))
  return undefined
}

function whyGuarded(file: string | undefined): string {
  return file === undefined
    ? 'the master key is weak; set a stronger one or pass --insecure'
    : 'no master key is configured; set TURNPIKE_MASTER_KEY'
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

function withSingleModel(
  config: ReturnType<typeof readConfig>,
  { model, alias, apiBase }: StartOptions,
): ReturnType<typeof readConfig> {
  if (model === undefined) return config
  return {
    ...config,
    models: [
      ...config.models,
      { model_name: alias ?? model, litellm_params: { model, ...(apiBase !== undefined && { api_base: apiBase }) } },
    ],
  }
}

/** The last resort of the runtime: an answer without a word about what happened inside. */
function plainRefusal(): Response {
  const body = formatOf('openai-chat').server.writeError(new GatewayError('internal', 'Internal server error'))
  return Response.json(body, { status: 500 })
}

/**
 * SIGTERM and SIGINT: readiness says no, running requests finish, everything is settled, exit 0; 1 when something could not be
 * written. A second signal cuts.
 */
function leaveOnSignal(gateway: Gateway, server: Listening, drainMs: number): void {
  let leaving = false
  const leave = async (): Promise<void> => {
    if (leaving) {
      server.cut()
      return
    }
    leaving = true
    gateway.drain()
    const timer = setTimeout(() => server.cut(), drainMs)
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
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void leave())
}

/** A failure that nobody caught is told and survived: one request's fault must not end the others. */
function keepAlive(): void {
  const tell = (thrown: unknown): void =>
    console.error(`error: uncaught ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  process.on('uncaughtException', tell)
  process.on('unhandledRejection', tell)
}
