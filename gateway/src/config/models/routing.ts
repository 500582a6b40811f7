import type { RouterSettings } from 'turnpike-core/internal/router/deployment'
import { strategyNames } from 'turnpike-core/internal/router/strategies/index'
import type { Section } from '../section.ts'
import { readAffinity } from './affinity.ts'
import { readGroupPolicies, readPolicy } from './failure-policies.ts'

/** The router's settings: `router_settings`, and `litellm_settings` where the first is silent. */
export function readRouting(router: Section, litellm: Section): Partial<RouterSettings> {
  const number = (key: string) => router.number(key) ?? litellm.number(key)
  const milliseconds = (key: string) => scaled(router.number(key))
  const from = <T>(key: string, read: (section: Section, key: string) => T | undefined) =>
    read(router, key) ?? read(litellm, key)
  const settings: { [K in keyof RouterSettings]?: RouterSettings[K] | undefined } = {
    strategy: strategy(router),
    strategyArgs: strategyArgs(router),
    retries: number('num_retries') ?? router.number('max_retries'),
    maxFallbacks: number('max_fallbacks'),
    allowedFails: number('allowed_fails'),
    allowedFailsPolicy: readPolicy(router.inner('allowed_fails_policy'), 'AllowedFails'),
    retryPolicy: readPolicy(router.inner('retry_policy'), 'Retries'),
    groupRetryPolicy: readGroupPolicies(router.inner('model_group_retry_policy')),
    retryBudget: share(router, 'retry_budget'),
    preCallChecks: router.flag('enable_pre_call_checks'),
    tagFiltering: router.flag('enable_tag_filtering'),
    tagMatchAny: router.flag('tag_filtering_match_any'),
    defaultDeployment: router.text('default_deployment'),
    cooldownMs: scaled(number('cooldown_time')),
    disableCooldowns: router.flag('disable_cooldowns') ?? litellm.flag('disable_cooldowns'),
    retryAfterMs: milliseconds('retry_after'),
    timeoutMs: milliseconds('timeout') ?? scaled(litellm.number('request_timeout')),
    streamTimeoutMs: milliseconds('ttft_timeout') ?? milliseconds('stream_timeout'),
    fallbacks: from('fallbacks', fallbackMap),
    contextWindowFallbacks: from('context_window_fallbacks', fallbackMap),
    contentPolicyFallbacks: from('content_policy_fallbacks', fallbackMap),
    defaultFallbacks: from('default_fallbacks', names),
    aliases: { ...plainAliases(litellm), ...aliases(router) },
    affinity: readAffinity(router),
    maxParallel: router.whole('default_max_parallel_requests', 1),
    queueMs: milliseconds('queue_timeout'),
    priority: router.number('default_priority', Number.NEGATIVE_INFINITY),
  }
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  ) as Partial<RouterSettings>
}

function scaled(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}

/** A part of one, as a fraction. */
function share(section: Section, key: string): number | undefined {
  const given = section.number(key)
  return given === undefined || given <= 1 ? given : section.complain(key, 'must be a share between 0 and 1')
}

function strategy(section: Section): string | undefined {
  const name = section.text('routing_strategy')
  if (name === undefined || strategyNames.includes(name)) return name
  section.complain('routing_strategy', `is \`${name}\`, which is not known; there are ${strategyNames.join(', ')}`)
  return undefined
}

function strategyArgs(section: Section): RouterSettings['strategyArgs'] {
  const args = section.raw('routing_strategy_args')
  if (!isMapping(args)) return undefined
  const number = (key: string) => (typeof args[key] === 'number' ? (args[key] as number) : undefined)
  const [buffer, ttl, size] = [number('lowest_latency_buffer'), number('ttl'), number('max_latency_list_size')]
  return {
    ...(buffer !== undefined && { lowestLatencyBuffer: buffer }),
    ...(ttl !== undefined && { windowMs: ttl * 1000 }),
    ...(size !== undefined && { windowSize: size }),
  }
}

/** `[{group: [other, …]}, …]`, each item with exactly one key. */
function fallbackMap(section: Section, key: string): Record<string, readonly string[]> | undefined {
  const list = section.raw(key)
  if (list === undefined) return undefined
  const map: Record<string, readonly string[]> = {}
  for (const item of Array.isArray(list) ? list : [list]) {
    const [entry, ...more] = isMapping(item) ? Object.entries(item) : []
    if (!entry || more.length > 0 || !isNames(entry[1])) {
      section.complain(
        key,
        'must be a list of items such as `- gpt-4o: [claude-sonnet-4-5]`, each with exactly one group',
      )
      return undefined
    }
    map[entry[0]] = entry[1]
  }
  return map
}

function names(section: Section, key: string): readonly string[] | undefined {
  const list = section.raw(key)
  if (list === undefined || isNames(list)) return list
  section.complain(key, 'must be a list of model groups')
  return undefined
}

/** `{alias: group}` or `{alias: {model: group, hidden: true}}`. */
function aliases(section: Section): RouterSettings['aliases'] {
  const map = section.raw('model_group_alias')
  if (map === undefined) return {}
  if (!isMapping(map)) {
    section.complain('model_group_alias', 'must be a mapping from alias to model group')
    return {}
  }
  const out: Record<string, { group: string; hidden: boolean }> = {}
  for (const [alias, target] of Object.entries(map)) {
    if (typeof target === 'string') out[alias] = { group: target, hidden: false }
    else if (isMapping(target) && typeof target.model === 'string')
      out[alias] = { group: target.model, hidden: target.hidden === true }
    else section.complain('model_group_alias', `names no model group for \`${alias}\``)
  }
  return out
}

function plainAliases(section: Section): RouterSettings['aliases'] {
  const map = section.raw('model_alias_map')
  if (!isMapping(map)) return {}
  return Object.fromEntries(
    Object.entries(map).flatMap(([alias, group]) =>
      typeof group === 'string' ? [[alias, { group, hidden: false }]] : [],
    ),
  )
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
