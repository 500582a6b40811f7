import { Command, InvalidArgumentError, Option } from 'commander'
import { InvalidConfig } from '../config/read.ts'
import { version } from '../version.ts'
import { check } from './check.ts'
import { type ExplainOptions, explainCall } from './explain.ts'
import { type StartOptions, start } from './start/start.ts'
import { addStoreCommands } from './store-commands.ts'

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new InvalidArgumentError('a whole number is expected')
  return number
}

/** The command line, LiteLLM's flags where they make sense here. */
export function program(): Command {
  const command = new Command('turnpike')
    .description('An AI gateway: one door to every model provider')
    .version(`turnpike ${version}`, '-v, --version')
    .enablePositionalOptions()
  command
    .option('-c, --config <file>', "LiteLLM's config.yaml", process.env.CONFIG_FILE_PATH)
    .option('--host <address>', 'address to listen on', process.env.HOST)
    .option('--port <number>', 'port to listen on', wholeNumber, wholeNumber(process.env.PORT || '4000'))
    .option('--num_workers <number>', 'processes', wholeNumber)
    .option('-m, --model <name>', 'serve this model too, without a file')
    .option('--alias <name>', 'name for --model')
    .option('--api_base <url>', 'root URL for --model')
    .option('--insecure', 'let a weak master key listen on the network')
    .addOption(new Option('--telemetry [flag]').hideHelp())
    .action(async (options: Record<string, string | number | boolean | undefined>) =>
      end(await start(startOptions(options))),
    )
  command
    .command('check')
    .description('validate a configuration and print what it amounts to, secrets masked')
    .option('-c, --config <file>', "LiteLLM's config.yaml", process.env.CONFIG_FILE_PATH)
    .action(({ config }: { config?: string }) => check(config))
  command
    .command('explain')
    .description('say what would become of a call, step by step, without sending it')
    .option('-c, --config <file>', "LiteLLM's config.yaml", process.env.CONFIG_FILE_PATH)
    .option('--key <key>', "whose call it is: a key's secret, hash or alias; without it the master's")
    .requiredOption('--file <file>', 'the body of the call, as JSON')
    .option('--call-type <type>', 'completion (default), responses or anthropic_messages')
    .action(async (options: ExplainOptions) => end(await explainCall(options)))
  addStoreCommands(command, end)
  return command
}

function startOptions(options: Record<string, string | number | boolean | undefined>): StartOptions {
  const text = (name: string) => (typeof options[name] === 'string' ? (options[name] as string) : undefined)
  const [config, host, model, alias, apiBase] = [
    text('config'),
    text('host'),
    text('model'),
    text('alias'),
    text('api_base'),
  ]
  return {
    port: Number(options.port),
    ...(typeof options.num_workers === 'number' && { numWorkers: options.num_workers }),
    ...(config !== undefined && { config }),
    ...(host !== undefined && { host }),
    ...(model !== undefined && { model }),
    ...(alias !== undefined && { alias }),
    ...(apiBase !== undefined && { apiBase }),
    ...(options.insecure === true && { insecure: true }),
  }
}

function end(code: number | undefined): void {
  if (code !== undefined) process.exit(code)
}

/** Runs the command line; what cannot start says why in one line per fault and exits with 1. */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...argv])
  } catch (thrown) {
    if (thrown instanceof InvalidConfig) for (const complaint of thrown.complaints) console.error(complaint)
    else console.error(`turnpike cannot start: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    process.exit(1)
  }
}
