import { asObject } from 'turnpike-core/internal/kernel/json'
import { checkKeys } from './check.ts'
import { type Config, defaultGeneral, type General } from './config.ts'
import { type Complaint, complaintText, type ReadDocument, readDocument } from './document.ts'
import { resolveVariables, type Variables } from './environment.ts'
import { readModels } from './models.ts'
import { modelsInEnvironment } from './no-file.ts'
import { readRouting } from './routing.ts'
import { type Section, sectionOf } from './section.ts'

/** A configuration that cannot be served: one message per fault, each with its place. */
export class InvalidConfig extends Error {
  readonly complaints: readonly string[]
  constructor(complaints: readonly string[]) {
    super(complaints.join('\n'))
    this.complaints = complaints
  }
}

/** Reads the file, or without one looks at the environment. Throws `InvalidConfig`. */
export function readConfig(file: string | undefined, variables: Variables): Config {
  return file === undefined ? withoutFile(variables) : fromDocument(readDocument(file), variables)
}

function withoutFile(variables: Variables): Config {
  const complaints: Complaint[] = []
  const empty = sectionOf({}, [], () => ({ file: 'environment', line: 1, column: 1 }), complaints)
  const general = readGeneral(empty, variables)
  if (complaints.length > 0) throw new InvalidConfig(complaints.map(({ message }) => message))
  return { models: modelsInEnvironment(variables), router: {}, general, environment: variables, warnings: [] }
}

function fromDocument(document: ReadDocument, given: Variables): Config {
  const complaints: Complaint[] = [...document.complaints]
  const checked = checkKeys(document)
  complaints.push(...checked.complaints)
  const variables = withFileVariables(document, given)
  const { value, missing } = resolveVariables(document.value, variables)
  const root = value as Record<string, unknown>
  const section = (name: string): Section => sectionOf(root[name], [name], document.locate, complaints)
  const [litellm, router, general] = [
    section('litellm_settings'),
    section('router_settings'),
    section('general_settings'),
  ]
  const defaults = {
    dropParams: litellm.flag('drop_params'),
    idleTimeout: router.raw('stream_idle_timeout'),
    params: asObject(router.raw('default_litellm_params')) ?? {},
  }
  const models = readModels(root.model_list, defaults, { locate: document.locate, complaints, variables })
  const config: Config = {
    models: models.models,
    router: readRouting(router, litellm),
    general: readGeneral(general, variables),
    environment: variables,
    warnings: [
      ...[...checked.warnings, ...models.warnings].map(complaintText),
      ...missing.map(({ path, name }) =>
        complaintText({
          ...document.locate(path),
          message: `the environment variable ${name} is not set, so \`${path.join('.')}\` is left out`,
        }),
      ),
    ],
  }
  if (complaints.length > 0) throw new InvalidConfig([...new Set(complaints.map(complaintText))])
  return config
}

/** The process's variables with `environment_variables` of the file laid over them, as LiteLLM does. */
function withFileVariables(document: ReadDocument, given: Variables): Variables {
  const own = asObject(document.value.environment_variables)
  if (!own) return given
  const { value } = resolveVariables(own, given)
  const texts = Object.entries(value as Record<string, unknown>).map(([name, text]) => [name, String(text)])
  return { ...given, ...Object.fromEntries(texts) }
}

function readGeneral(section: Section, variables: Variables): General {
  const masterKey = variables.TURNPIKE_MASTER_KEY ?? section.text('master_key') ?? variables.LITELLM_MASTER_KEY
  const keyHeader = section.text('litellm_key_header_name')
  const unpriced = section.text('unpriced') ?? 'refuse'
  if (unpriced !== 'refuse' && unpriced !== 'allow') section.complain('unpriced', 'must be refuse or allow')
  const megabytes = section.number('max_request_size_mb')
  const drain = Number(variables.GRACEFUL_SHUTDOWN_TIMEOUT)
  return {
    ...defaultGeneral,
    databasePath: databasePath(section, variables),
    allowUnpriced: unpriced === 'allow',
    ...(masterKey !== undefined && masterKey !== '' && { masterKey }),
    ...(keyHeader !== undefined && { keyHeader: keyHeader.toLowerCase() }),
    ...(megabytes !== undefined && { body: { ...defaultGeneral.body, maxBytes: megabytes * 2 ** 20 } }),
    ...(drain > 0 && { drainMs: drain * 1000 }),
  }
}

function databasePath(section: Section, variables: Variables): string {
  const url = section.text('database_url') ?? variables.DATABASE_URL
  const home = variables.TURNPIKE_HOME
  if (url === undefined || url === '')
    return home === undefined || home === '' ? defaultGeneral.databasePath : `${home}/turnpike.db`
  if (url.startsWith('sqlite:')) return url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '')
  section.complain(
    'database_url',
    `names a \`${url.split(':')[0]}\` database; this version keeps its store in SQLite: set it to sqlite:PATH or leave it out`,
  )
  return defaultGeneral.databasePath
}
