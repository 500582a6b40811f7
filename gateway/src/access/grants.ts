import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { VirtualKey } from '../vocabulary/principal.ts'
import { matchesWildcard, shownList } from './patterns.ts'

/** Words in a key's list of models that stand for every model. */
const everyModel = ['all-proxy-models', '*']

/** Says `my team's models`; a key without a team has every model, as in LiteLLM. A team we know nothing of grants nothing. */
const teamModels = 'all-team-models'

/**
 * Whether a key's list of models grants a target that has any of these names or belongs to any of these access groups.
 * An empty list grants nothing.
 */
export function mayCall(key: VirtualKey, names: readonly string[], accessGroups: readonly string[] = []): boolean {
  return key.models.some((entry) => {
    if (everyModel.includes(entry)) return true
    if (entry === teamModels) return key.teamId === undefined
    if (accessGroups.includes(entry) || names.includes(entry)) return true
    return entry.includes('*') && names.some((name) => matchesWildcard(entry, name))
  })
}

/** Whether a listing of models may show this one to the key. */
export function mayList(key: VirtualKey, model: string, accessGroups: readonly string[] = []): boolean {
  return mayCall(key, [model], accessGroups)
}

/** Throws `model-denied` unless the key may call the resolved target; `names` begins with the name to show. */
export function checkModelAccess(key: VirtualKey, names: readonly string[], accessGroups: readonly string[]): void {
  if (mayCall(key, names, accessGroups)) return
  throw new GatewayError(
    'model-denied',
    `key not allowed to access model. This key can only access models=${shownList(key.models)}. Tried to access ${names[0] ?? ''}`,
    { param: 'model', kind: 'key_model_access_denied' },
  )
}
