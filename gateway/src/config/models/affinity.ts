import {
  type AffinityKind,
  type AffinitySettings,
  defaultAffinity,
} from 'turnpike-core/internal/router/placing/settings'
import type { Section } from '../section.ts'

/** LiteLLM's checks before a call (https://docs.litellm.ai/docs/routing), and what of them keeps conversations in one place. */
const checks: Readonly<Record<string, AffinityKind | undefined>> = {
  session_affinity: 'session',
  prompt_caching: 'prefix',
  deployment_affinity: 'caller',
  // these are always made
  responses_api_deployment_check: undefined,
  encrypted_content_affinity: undefined,
  router_budget_limiting: undefined,
  enforce_model_rate_limits: undefined,
}

/** How conversations are kept on one deployment; undefined where nothing is said of it. */
export function readAffinity(router: Section): AffinitySettings | undefined {
  const seconds = router.number('deployment_affinity_ttl_seconds')
  const asked = kindsIn(router, 'optional_pre_call_checks', router.names('optional_pre_call_checks') ?? [])
  const kinds = kindsOf(router.flag('deployment_affinity'), asked)
  const groups = groupsOf(router.inner('model_group_affinity_config'))
  if (seconds === undefined && kinds === defaultAffinity.kinds && Object.keys(groups).length === 0) return undefined
  return { kinds, groups, ttlMs: seconds === undefined ? defaultAffinity.ttlMs : seconds * 1000 }
}

/** A switch of ours before the list: on is everything that tells one conversation from another. */
function kindsOf(on: boolean | undefined, asked: readonly AffinityKind[]): readonly AffinityKind[] {
  if (on === false) return []
  if (on) return [...new Set<AffinityKind>(['session', 'prefix', ...asked])]
  return asked.length === 0 ? defaultAffinity.kinds : [...new Set<AffinityKind>([...defaultAffinity.kinds, ...asked])]
}

/** For each group that is named what holds there instead; nothing turns it off. */
function groupsOf(map: Section | undefined): AffinitySettings['groups'] {
  return Object.fromEntries((map?.keys ?? []).map((name) => [name, kindsIn(map, name, map?.names(name) ?? [])]))
}

function kindsIn(section: Section | undefined, key: string, names: readonly string[]): readonly AffinityKind[] {
  const unknown = names.find((name) => !Object.hasOwn(checks, name))
  if (unknown !== undefined) section?.complain(key, `names \`${unknown}\`; there are ${Object.keys(checks).join(', ')}`)
  return names.flatMap((name) => (Object.hasOwn(checks, name) ? (checks[name] ?? []) : []))
}
