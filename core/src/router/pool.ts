import { GatewayError } from '../kernel/faults.ts'
import type { Deployment, RouterSettings } from './deployment.ts'
import { type Expand, fillStars, wildcardPattern } from './model-list/wildcard.ts'

/** The deployments that may answer a name, and the name of their group. */
export interface Group {
  readonly name: string
  readonly deployments: readonly Deployment[]
}

/** Finds the group for a requested model: alias, exact name, deployment id, wildcard, the raw model of some deployment. */
export interface Pool {
  find(model: string): Group | undefined
  /** the group names that exist, wildcards as they are written, hidden aliases left out */
  readonly names: readonly string[]
  readonly deployments: readonly Deployment[]
}

/** Wildcard deployments made for one request name are kept, so that each keeps its URL and headers; this many at most. */
const maxExpanded = 5000

export function createPool(
  deployments: readonly Deployment[],
  settings: Pick<RouterSettings, 'aliases'>,
  expand: Expand,
): Pool {
  const groups = new Map<string, Deployment[]>()
  const byId = new Map<string, Deployment>()
  const byModel = new Map<string, Deployment[]>()
  for (const deployment of deployments) {
    push(groups, deployment.group, deployment)
    byId.set(deployment.id, deployment)
    push(byModel, `${deployment.provider.name}/${deployment.model}`, deployment)
  }
  const exactGroups = new Map<string, Group>([...groups].map(([name, list]) => [name, { name, deployments: list }]))
  const wildcards = [...groups.keys()]
    .filter((name) => name.includes('*'))
    .map(wildcardPattern)
    .sort((a, b) => b.weight - a.weight)
  const expanded = new Map<string, Group>()

  function matching(model: string): Group | undefined {
    const known = expanded.get(model)
    if (known) return known
    for (const pattern of wildcards) {
      const captured = pattern.match(model)
      if (!captured) continue
      const filled = (groups.get(pattern.name) ?? []).flatMap((deployment) => {
        if (!deployment.model.includes('*')) return [deployment]
        return expand(deployment, fillStars(deployment.model, model, captured)) ?? []
      })
      const group = { name: pattern.name, deployments: filled }
      if (group.deployments.length === 0) continue
      if (expanded.size >= maxExpanded) expanded.clear()
      expanded.set(model, group)
      return group
    }
    return undefined
  }

  return {
    names: [...groups.keys(), ...Object.keys(settings.aliases).filter((alias) => !settings.aliases[alias]?.hidden)],
    deployments,
    find(asked) {
      const model = (Object.hasOwn(settings.aliases, asked) && settings.aliases[asked]?.group) || asked
      const exact = exactGroups.get(model)
      if (exact) return exact
      const pinned = byId.get(model)
      if (pinned) return { name: pinned.group, deployments: [pinned] }
      const wild = matching(model)
      if (wild) return wild
      const raw = byModel.get(model)
      return raw && { name: raw[0]?.group ?? model, deployments: raw }
    },
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

/** The error for a name that no deployment answers to. It lists none: a caller may know only the names that it may call. */
export function unknownModel(model: string): GatewayError {
  return new GatewayError(
    'unknown-model',
    `Invalid model name passed in model=${model}. Call \`/v1/models\` to view available models for your key.`,
    { param: 'model', model },
  )
}
