import { asObject, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'
import { checkKeys } from './check.ts'
import { type Config, defaultGeneral, type General } from './config.ts'
import { type Complaint, complaintText, type ReadDocument, readDocument } from './document.ts'
import { resolveVariables, type Variables } from './environment.ts'
import { readPlaces } from './governance/places.ts'
import { readGovernance } from './governance/read-governance.ts'
import { environmentSection, protective, type Sections } from './governance/sections.ts'
import { readCredentials } from './models/credentials.ts'
import { readModels } from './models/model-list.ts'
import { modelsInEnvironment } from './models/no-file.ts'
import { readRouting } from './models/routing.ts'
import { originsOf } from './origins.ts'
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
  const warnings: string[] = []
  const empty = sectionOf({}, [], () => ({ file: 'environment', line: 1, column: 1 }), complaints)
  const sections: Sections = {
    litellm: empty,
    router: empty,
    general: empty,
    environment: environmentSection(variables, complaints),
    warn: (message) => void warnings.push(message),
  }
  const general = readGeneral(sections, variables)
  const governance = readGovernance(sections, general.masterKey)
  if (complaints.length > 0) throw new InvalidConfig([...new Set(complaints.map(({ message }) => message))])
  return {
    models: modelsInEnvironment(variables),
    entryDefaults: {},
    credentials: [],
    router: {},
    general,
    governance,
    environment: variables,
    warnings,
    files: [],
    origins: originsOf({ layers: [], given: variables, variables }),
  }
}

function fromDocument(document: ReadDocument, given: Variables): Config {
  const complaints: Complaint[] = [...document.complaints]
  const checked = checkKeys(document)
  complaints.push(...checked.complaints)
  const variables = withFileVariables(document, given)
  const { value, missing } = resolveVariables(document.value, variables)
  const left = (path: Path, name: string): Complaint => ({
    ...document.locate(path),
    message: `the environment variable ${name} is not set, so \`${path.join('.')}\` is left out`,
  })
  for (const one of missing.filter(protects)) {
    const { message, ...at } = left(one.path, one.name)
    complaints.push({ ...at, message: `${message}, which would be unsafe: set the variable or remove the key` })
  }
  const root = value as Record<string, unknown>
  const section = (name: string): Section => sectionOf(root[name], [name], document.locate, complaints)
  const notes: string[] = []
  const sections: Sections = {
    litellm: section('litellm_settings'),
    router: section('router_settings'),
    general: section('general_settings'),
    environment: environmentSection(variables, complaints),
    warn: (message) => void notes.push(message),
  }
  const { litellm, router } = sections
  const { locate } = document
  const defaults = entryDefaults(sections)
  const credentials = readCredentials(root.credential_list, locate, complaints)
  const models = readModels(root.model_list, { defaults, credentials, locate, complaints, variables })
  const general = readGeneral(sections, variables)
  const config: Config = {
    models: models.models,
    entryDefaults: defaults,
    credentials,
    router: readRouting(router, litellm),
    general,
    governance: readGovernance(sections, general.masterKey),
    environment: variables,
    warnings: [
      ...[...checked.warnings, ...models.warnings].map(complaintText),
      ...missing.filter((one) => !protects(one)).map(({ path, name }) => complaintText(left(path, name))),
      ...notes,
    ],
    files: document.files,
    origins: originsOf({ layers: document.layers, given, variables }),
  }
  if (complaints.length > 0) throw new InvalidConfig([...new Set(complaints.map(complaintText))])
  return config
}

/** Settings that every entry of `model_list` may have for itself, and the sections in which they can be said for all. */
const forEveryEntry: readonly (readonly [entry: string, key: string, section: 'litellm' | 'router' | 'general'])[] = [
  ['stream_idle_timeout', 'stream_idle_timeout', 'router'],
  ['connect_timeout', 'connect_timeout', 'router'],
  ['stream_continuation', 'stream_continuation', 'router'],
  ['stream_keepalive_seconds', 'sse_keepalive_ping_interval_seconds', 'general'],
  ['stream_keepalive_seconds', 'stream_keepalive_seconds', 'litellm'],
  ['stream_keepalive_seconds', 'stream_keepalive_seconds', 'general'],
]

/** What the sections say of every entry of `model_list`. */
function entryDefaults(sections: Pick<Sections, 'litellm' | 'router' | 'general'>): JsonObject {
  const { litellm, router } = sections
  const drop = litellm.flag('drop_params')
  const said = forEveryEntry.flatMap(([entry, key, section]) => {
    const value = sections[section].raw(key)
    return value === undefined || value === null ? [] : [[entry, value as Json] as const]
  })
  return {
    ...asObject(router.raw('default_litellm_params')),
    ...(drop !== undefined && { drop_params: drop }),
    ...Object.fromEntries(said),
  }
}

type Path = readonly (string | number)[]

function protects({ path: [section, key] }: { readonly path: Path }): boolean {
  return typeof section === 'string' && section.endsWith('_settings') && protective.has(String(key))
}

/** The process's variables with `environment_variables` of the file laid over them, as LiteLLM does. */
function withFileVariables(document: ReadDocument, given: Variables): Variables {
  const own = asObject(document.value.environment_variables)
  if (!own) return given
  const { value } = resolveVariables(own, given)
  const texts = Object.entries(value as Record<string, unknown>).map(([name, text]) => [name, String(text)])
  return { ...given, ...Object.fromEntries(texts) }
}

function readGeneral(sections: Sections, variables: Variables): General {
  const section = sections.general
  const masterKey = variables.TURNPIKE_MASTER_KEY ?? section.text('master_key') ?? variables.LITELLM_MASTER_KEY
  const keyHeader = section.text('litellm_key_header_name')
  const unpriced = section.text('unpriced') ?? 'refuse'
  if (unpriced !== 'refuse' && unpriced !== 'allow') section.complain('unpriced', 'must be refuse or allow')
  const megabytes = section.number('max_request_size_mb')
  const drain = Number(variables.GRACEFUL_SHUTDOWN_TIMEOUT)
  return {
    ...defaultGeneral,
    ...readPlaces(sections),
    allowUnpriced: unpriced === 'allow',
    ...(masterKey !== undefined && masterKey !== '' && { masterKey }),
    ...(keyHeader !== undefined && { keyHeader: keyHeader.toLowerCase() }),
    ...(megabytes !== undefined && { body: { ...defaultGeneral.body, maxBytes: megabytes * 2 ** 20 } }),
    ...(drain > 0 && { drainMs: drain * 1000 }),
  }
}
