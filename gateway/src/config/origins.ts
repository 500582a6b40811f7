import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { defaultSettings } from 'turnpike-core/internal/router/deployment'
import { defaultGeneral, type Origin, type Sourced } from './config.ts'
import type { Layer } from './document.ts'
import { resolveVariables, type Variables } from './environment.ts'

export interface OriginPorts {
  /** the files, the one that wins first */
  readonly layers: readonly Layer[]
  /** of the process alone */
  readonly given: Variables
  /** with those of the file on top */
  readonly variables: Variables
}

/** One place where a setting is looked for. */
type Rung =
  | { readonly in: 'file'; readonly section: string; readonly key: string }
  | { readonly in: 'environment'; readonly name: string }
  | { readonly in: 'default'; readonly value: Json }

const file = (section: string, key: string): Rung => ({ in: 'file', section, key })
const variable = (name: string): Rung => ({ in: 'environment', name })
const otherwise = (value: Json): Rung => ({ in: 'default', value })
const general = (key: string): Rung => file('general_settings', key)
const router = (key: string): Rung => file('router_settings', key)
const litellm = (key: string): Rung => file('litellm_settings', key)

/** Settings that may be said in several places: the first that says something wins. The readers of the sections keep this order. */
const ladders: Readonly<Record<string, readonly Rung[]>> = {
  'general_settings.master_key': [
    variable('TURNPIKE_MASTER_KEY'),
    general('master_key'),
    variable('LITELLM_MASTER_KEY'),
  ],
  salt_key: [variable('TURNPIKE_SALT_KEY'), variable('LITELLM_SALT_KEY')],
  'general_settings.database_url': [
    general('database_url'),
    variable('DATABASE_URL'),
    variable('DATABASE_HOST'),
    otherwise(`sqlite:${defaultGeneral.databasePath}`),
  ],
  home: [variable('TURNPIKE_HOME'), otherwise(defaultGeneral.home)],
  graceful_shutdown_seconds: [variable('GRACEFUL_SHUTDOWN_TIMEOUT'), otherwise(defaultGeneral.drainMs / 1000)],
  redis: [
    router('redis_url'),
    router('redis_host'),
    variable('REDIS_URL'),
    variable('REDIS_HOST'),
    litellm('cache_params'),
  ],
  'router_settings.routing_strategy': [router('routing_strategy'), otherwise(defaultSettings.strategy)],
  'router_settings.num_retries': [
    router('num_retries'),
    litellm('num_retries'),
    router('max_retries'),
    otherwise(defaultSettings.retries),
  ],
  'router_settings.max_fallbacks': both('max_fallbacks', defaultSettings.maxFallbacks),
  'router_settings.cooldown_time': both('cooldown_time', defaultSettings.cooldownMs / 1000),
  'router_settings.timeout': [
    router('timeout'),
    litellm('request_timeout'),
    otherwise((defaultSettings.timeoutMs ?? 0) / 1000),
  ],
  'router_settings.stream_timeout': [router('ttft_timeout'), router('stream_timeout')],
  'router_settings.disable_cooldowns': both('disable_cooldowns', defaultSettings.disableCooldowns),
  'router_settings.allowed_fails': both('allowed_fails'),
  'router_settings.fallbacks': both('fallbacks'),
  'router_settings.context_window_fallbacks': both('context_window_fallbacks'),
  'router_settings.content_policy_fallbacks': both('content_policy_fallbacks'),
  'router_settings.default_fallbacks': both('default_fallbacks'),
  'general_settings.unpriced': [general('unpriced'), otherwise('refuse')],
  'general_settings.max_request_size_mb': [
    general('max_request_size_mb'),
    otherwise(defaultGeneral.body.maxBytes / 2 ** 20),
  ],
}

function both(key: string, value?: Json): readonly Rung[] {
  return [router(key), litellm(key), ...(value === undefined ? [] : [otherwise(value)])]
}

const sections = ['litellm_settings', 'router_settings', 'general_settings'] as const
const lists = ['model_list', 'credential_list'] as const

/** Every value that was said, where it stands, and what it shadows. */
export function originsOf(ports: OriginPorts): readonly Origin[] {
  const onLadders = new Set(
    Object.values(ladders)
      .flat()
      .flatMap((rung) => (rung.in === 'file' ? [`${rung.section}.${rung.key}`] : [])),
  )
  const climbed = Object.entries(ladders).map(([path, rungs]) => originOf(path, rungs, ports))
  const plain = sections.flatMap((section) =>
    keysOf(ports.layers, section)
      .filter((key) => !onLadders.has(`${section}.${key}`))
      .map((key) => originOf(`${section}.${key}`, [file(section, key)], ports)),
  )
  const environment = keysOf(ports.layers, 'environment_variables').map((name) =>
    originOf(
      `environment_variables.${name}`,
      [file('environment_variables', name), ...(ports.given[name] === undefined ? [] : [variable(name)])],
      { ...ports, variables: ports.given },
    ),
  )
  return [...climbed, ...plain, ...environment, ...listed(ports)].filter((one) => one !== undefined)
}

function originOf(path: string, rungs: readonly Rung[], ports: OriginPorts): Origin | undefined {
  const [first, ...shadows] = rungs.flatMap((rung) => saidOn(rung, ports))
  return first && { path, ...first, shadows: shadows.filter(({ source }) => source.kind !== 'default') }
}

function saidOn(rung: Rung, { layers, given, variables }: OriginPorts): readonly Sourced[] {
  if (rung.in === 'default') return [{ value: rung.value, source: { kind: 'default' } }]
  if (rung.in === 'environment') {
    const value = given[rung.name]
    return value === undefined || value === '' ? [] : [{ value, source: { kind: 'environment', name: rung.name } }]
  }
  const { section, key } = rung
  return layers.flatMap((layer) => {
    const raw = (layer.value[section] as JsonObject | undefined)?.[key]
    return raw === undefined || raw === null ? [] : [sourced(raw, layer, [section, key], variables)]
  })
}

function sourced(raw: Json, layer: Layer, path: readonly (string | number)[], variables: Variables): Sourced {
  const at = placeIn(layer, path)
  const name = typeof raw === 'string' ? /^os\.environ\/(\w+)$/.exec(raw)?.[1] : undefined
  if (name !== undefined) return { value: variables[name] ?? null, source: { kind: 'environment', name, at } }
  return { value: resolveVariables(raw, variables).value as Json, source: { kind: 'file', at } }
}

function placeIn({ locate }: Layer, path: readonly (string | number)[]): string {
  const { file: name, line, column } = locate(path)
  return `${name}:${line}:${column}`
}

function keysOf(layers: readonly Layer[], section: string): readonly string[] {
  return [...new Set(layers.flatMap(({ value }) => (isMapping(value[section]) ? Object.keys(value[section]) : [])))]
}

/** Lists of all files are joined: an entry shadows none. */
function listed({ layers, variables }: OriginPorts): readonly Origin[] {
  return lists.flatMap((list) => {
    let at = 0
    return layers.flatMap((layer) => {
      const items = layer.value[list]
      if (!Array.isArray(items)) return []
      return items.map((item, own) => ({
        path: `${list}.${at++}`,
        ...sourced(item as Json, layer, [list, own], variables),
        shadows: [],
      }))
    })
  })
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
