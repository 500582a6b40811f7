import { formatOf } from 'turnpike-core/internal/formats/index'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { boot, type Gateway } from '../../boot.ts'
import type { Config } from '../../config/config.ts'
import { readConfig } from '../../config/read.ts'
import { serveOnBun, warnOfBunLimits } from '../../runtime/bun.ts'
import { type MasterKey, masterKey } from '../master-key.ts'
import { banner } from './banner.ts'
import { leavingOf } from './leave.ts'
import { supervise } from './supervise.ts'
import { watchFiles } from './watch.ts'
import { placeIn, reportTo } from './worker.ts'

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
  const place = placeIn(process.env)
  const read = () => withSingleModel(readConfig(options.config, process.env), options)
  const config = read()
  const workers = options.numWorkers ?? 1
  if (workers > 1 && !config.governance.redis) {
    console.error(
      '--num_workers: more than one process needs Redis to agree on limits and budgets: set REDIS_URL, or start one.',
    )
    return 1
  }
  const master = masterKey(config.general.masterKey, config.general.databasePath)
  const host = hostFor(options, master)
  if (!place) sayWarnings(config)
  // what we write holds hashes of keys and who spent what: it is for the operator's eyes
  process.umask(0o077)
  const told = { host, config, file: options.config, master }
  if (workers > 1 && !place) {
    const ready = (url: string): void => console.log(banner({ ...told, url, port: portOf(url) }))
    return supervise({ workers, port: options.port, log: (line) => console.error(line), ready })
  }
  const gateway = await boot(config, [master.key], { reread: read })
  const leaving = leavingOf(gateway)
  const server = serveOnBun({
    hostname: host,
    port: place?.port ?? options.port,
    reusePort: place !== undefined,
    handle: leaving.handle,
    refuse: plainRefusal,
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void leaving.leave(server))
  follow(gateway)
  keepAlive()
  if (place) {
    const orphaned = () => void leaving.leave(server)
    reportTo(process, { makeWay: () => void leaving.makeWay(server), orphaned }, server.url)
  } else console.log(banner({ ...told, url: server.url, port: server.port }))
  return undefined
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}

function sayWarnings({ warnings }: Config): void {
  for (const warning of warnings) console.error(`warning: ${warning}`)
  const limit = warnOfBunLimits(process.env)
  if (limit !== undefined) console.error(`warning: ${limit}`)
}

/** The address to listen on: a gateway whose key anybody could guess is for this machine alone. */
function hostFor({ host: asked, insecure }: StartOptions, master: MasterKey): string {
  const guarded = master.file !== undefined || (master.weakness !== undefined && insecure !== true)
  const host = asked !== undefined && (!guarded || isLoopback(asked)) ? asked : guarded ? '127.0.0.1' : '0.0.0.0'
  if (asked !== undefined && asked !== host && !placeIn(process.env))
    console.error(`warning: listening on ${host} instead of ${asked}: ${whyGuarded(master.file)}`)
  return host
}

/** The configuration is read again when a file of it changes, and on SIGHUP, which without a file reads the environment again and ends nothing. */
function follow(gateway: Gateway): void {
  watchFiles(
    () => gateway.house.config.files,
    () => void gateway.reload(),
  )
  process.on('SIGHUP', () => void gateway.reload())
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

/** A failure that nobody caught is told and survived: one request's fault must not end the others. */
function keepAlive(): void {
  const tell = (thrown: unknown): void =>
    console.error(`error: uncaught ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  process.on('uncaughtException', tell)
  process.on('unhandledRejection', tell)
}
