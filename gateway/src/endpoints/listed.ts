import { anyProvider } from 'turnpike-core/internal/client/build-target'
import { knownModels } from 'turnpike-core/internal/models/book'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import type { Group } from 'turnpike-core/internal/router/pool'
import { mayCall } from '../access/grants.ts'
import type { House } from '../house.ts'
import { targetOf } from '../pipeline/resolve.ts'
import type { Principal } from '../vocabulary/principal.ts'

/** A model that can be asked for by name. */
export interface Listed {
  readonly name: string
  readonly group: Group | undefined
  readonly deployment: Deployment | undefined
}

/** The names this caller may use: groups and aliases, wildcards expanded to the models their provider is known to have. */
export function listed(principal: Principal, house: House): Listed[] {
  const names = new Map<string, Listed>()
  for (const name of house.router.pool.names) {
    const group = house.router.pool.find(name)
    const deployment = group?.deployments[0]
    for (const plain of name.includes('*') ? expand(name, house) : [name])
      names.set(plain, { name: plain, group, deployment })
  }
  return [...names.values()].filter(({ name, group }) =>
    mayCall(principal, group ? targetOf(name, group) : { names: [name] }),
  )
}

function expand(name: string, house: House): readonly string[] {
  const deployments = house.router.pool.deployments.filter((deployment) => deployment.group === name)
  return deployments.flatMap(({ provider, model }) => {
    if (provider === anyProvider) return []
    const known = knownModels(provider.name).filter((known_) => matches(model, known_))
    return known.map((known_) => name.replace('*', name.startsWith(`${provider.name}/`) ? known_ : `${known_}`))
  })
}

function matches(template: string, model: string): boolean {
  return template === '*' || model.startsWith(template.slice(0, template.indexOf('*')))
}

/** The groups that this caller may use something of, by name. */
export function groupsFor(principal: Principal, house: House): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>()
  for (const name of house.router.pool.names) {
    const group = house.router.pool.find(name)
    if (!group || groups.has(group.name)) continue
    const may = (plain: string) => mayCall(principal, targetOf(plain, group))
    if (may(name) || (name.includes('*') && expand(name, house).some(may))) groups.set(group.name, group)
  }
  return groups
}
