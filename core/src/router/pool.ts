import { GatewayError } from '../kernel/faults.ts'
import type { Deployment, RouterSettings } from './deployment.ts'
import { type Expand, fillStars, wildcardPattern } from './model-list/wildcard.ts'

/** The deployments that may answer a name, and the name of their group. */
export interface Group {
  readonly name: string
  readonly deployments: readonly Deployment[]
  /** asked for by the id of its one deployment: it is tried even while that is out of rotation */
  readonly pinned?: boolean
  /** how many it has in all, where this is a part of it */
  readonly size?: number
}

/** Finds the group for a requested model: alias, exact name, deployment id, wildcard, the raw model of some deployment, the default. */
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
  settings: Pick<RouterSettings, 'aliases' | 'defaultDeployment'>,
  expand: Expand,
): Pool {
  const groups = new Map<string, Deployment[]>()
  const pinned = new Map<string, Group>()
  const byModel = new Map<string, Deployment[]>()
  for (const deployment of deployments) {
    push(groups, deployment.group, deployment)
    pinned.set(deployment.id, { name: deployment.group, deployments: [deployment], pinned: true })
    push(byModel, `${deployment.provider.name}/${deployment.model}`, deployment)
  }
  const exactGroups = new Map<string, Group>([...groups].map(([name, list]) => [name, { name, deployments: list }]))
  const raw = new Map<string, Group>(
    [...byModel].map(([model, list]) => [model, { name: list[0]?.group ?? model, deployments: list }]),
  )
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
      const found = pinned.get(model) ?? matching(model) ?? raw.get(model)
      if (found || settings.defaultDeployment === undefined) return found
      return exactGroups.get(settings.defaultDeployment) ?? pinned.get(settings.defaultDeployment)
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
