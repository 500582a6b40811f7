import type { Command } from 'commander'
import { priceOf } from 'turnpike-core/internal/models/book'
import { cost } from 'turnpike-core/internal/models/cost'
import { createRouter, sleep } from 'turnpike-core/internal/router/create'
import { priceFor } from 'turnpike-core/internal/router/price'
import type { Usage } from 'turnpike-core/internal/vocabulary/usage'
import { openSealing, openStore } from '../boot/store.ts'
import type { Config } from '../config/config.ts'
import { readConfig } from '../config/read.ts'
import type { PriceRow } from '../ledger/reprice.ts'
import { createSealing } from '../sealing/create-sealing.ts'
import { auditVerify } from './audit.ts'
import { importFromLiteLLM } from './import.ts'
import { ledgerRebuild, ledgerReprice, ledgerVerify } from './ledger.ts'
import { masterKey } from './master-key.ts'
import { migrate } from './migrate.ts'
import { rotateSealing } from './rotate.ts'

/** What every command over a store takes. */
interface StoreOptions {
  readonly config?: string
  readonly databaseUrl?: string
}

type End = (code: number | undefined) => void

/** The commands that work on the store while no gateway needs to run. Each ends with its exit code. */
export function addStoreCommands(program: Command, end: End): void {
  withStore(program.command('migrate'))
    .description('say or run what the schema of the store lacks')
    .option('--check', 'say what is pending; exit code 1 when something is')
    .option('--apply', 'run what is pending')
    .action(async (options: StoreOptions & { check?: boolean; apply?: boolean }) => {
      const { database } = configOf(options).general
      const databaseUrl = database.kind === 'postgres' ? database.url : database.path
      end(await migrate({ databaseUrl, check: options.check === true, apply: options.apply === true }))
    })
  const ledger = program.command('ledger').description('prove, rebuild or price anew what the ledger says')
  withStore(ledger.command('verify'))
    .description('prove that ledger, balances and hourly sums agree')
    .action(async (options: StoreOptions) => end(await ledgerVerify(() => openStore(configOf(options)))))
  withStore(ledger.command('rebuild'))
    .description('compute balances and hourly sums anew from the ledger')
    .action(async (options: StoreOptions) => end(await ledgerRebuild(() => openStore(configOf(options)))))
  withStore(ledger.command('reprice'))
    .description('book what rows of unknown price cost, where it is known now')
    .action(async (options: StoreOptions) => {
      const config = configOf(options)
      end(await ledgerReprice(() => openStore(config), pricesOf(config)))
    })
  const audit = program.command('audit').description('the trail of administrative changes')
  withStore(audit.command('verify'))
    .description('prove that no row of the audit trail was changed or removed')
    .action(async (options: StoreOptions) => end(await auditVerify(() => openStore(configOf(options)))))
  const credentials = program.command('credentials').description('secrets that are kept in the store')
  withStore(credentials.command('rotate'))
    .description('seal every stored secret with the salt key that is configured now')
    .requiredOption('--old-salt-key <secret>', 'what they are sealed with')
    .action(async (options: StoreOptions & { oldSaltKey: string }) => end(await rotate(options)))
  const importing = program.command('import').description('take over what another gateway keeps')
  importing
    .command('litellm')
    .description(
      'bring keys, tenants, models and spend totals over from a LiteLLM database; says what it would do unless --apply is given',
    )
    .requiredOption('--database-url <url>', "LiteLLM's Postgres database, which is only read")
    .option('--salt-key <secret>', "LiteLLM's LITELLM_SALT_KEY, or its master key where it had none")
    .option('--apply', 'write what was found')
    .option('-c, --config <file>', "LiteLLM's config.yaml", process.env.CONFIG_FILE_PATH)
    .option('--to <url>', 'the store to write to, instead of what is configured')
    .action(async (options: ImportOptions) => end(await importInto(options)))
}

function withStore(command: Command): Command {
  return command
    .option('-c, --config <file>', "LiteLLM's config.yaml", process.env.CONFIG_FILE_PATH)
    .option('--database-url <url>', 'the store, instead of what is configured')
}

function configOf({ config, databaseUrl }: StoreOptions): Config {
  if (databaseUrl === undefined) return readConfig(config, process.env)
  const read = readConfig(config, { ...process.env, DATABASE_URL: databaseUrl })
  return config === undefined
    ? read
    : { ...read, general: readConfig(undefined, { ...process.env, DATABASE_URL: databaseUrl }).general }
}

/** Prices as the gateway would apply them: of the deployment if it still is one, else of the book. */
function pricesOf(config: Config): PriceRow {
  const router = createRouter(config.models, config.router, {
    fetch: () => Promise.reject(new Error('nothing is called here')),
    now: Date.now,
    tick: () => 0,
    dice: Math.random,
    sleep,
    environment: config.environment,
  })
  return ({ deploymentId, provider, providerModel, startedAt, usage }) => {
    const deployment = router.pool.deployments.find(({ id }) => id === deploymentId)
    const known =
      deployment || provider === undefined || providerModel === undefined
        ? undefined
        : priceOf(provider, providerModel, startedAt)
    const price = deployment ? priceFor(deployment, startedAt) : known
    return usage && price && cost(usage as Usage, price)
  }
}

async function rotate(options: StoreOptions & { oldSaltKey: string }): Promise<number> {
  const config = configOf(options)
  const master = masterKey(config.general.masterKey, config.general.databasePath)
  const store = await openStore(config)
  try {
    const from = createSealing({ keys: [{ secret: options.oldSaltKey }] })
    return await rotateSealing({ store, from, to: openSealing(config, [master.key]) })
  } finally {
    await store.close()
  }
}

interface ImportOptions {
  readonly databaseUrl: string
  readonly saltKey?: string
  readonly apply?: boolean
  readonly config?: string
  readonly to?: string
}

function importInto({ databaseUrl, saltKey, apply, config: file, to }: ImportOptions): Promise<number> {
  const config = configOf({ ...(file !== undefined && { config: file }), ...(to !== undefined && { databaseUrl: to }) })
  const master = masterKey(config.general.masterKey, config.general.databasePath)
  return importFromLiteLLM({
    source: databaseUrl,
    saltKey: saltKey ?? process.env.LITELLM_SALT_KEY ?? config.general.masterKey,
    apply: apply === true,
    open: () => openStore(config),
    sealing: openSealing(config, [master.key]),
    clock: config.governance.budgets.clock,
  })
}
