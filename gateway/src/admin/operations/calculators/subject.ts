import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import { readEntry } from 'turnpike-core/internal/router/model-list/entry'
import { resolve } from '../../../pipeline/resolve.ts'
import type { Who } from '../../desk.ts'
import { invalid } from '../../shapes.ts'

/** What is calculated for: a deployment of the gateway that the caller may call, or one that is only thought of. */
export interface Subject {
  readonly deployment: Deployment
  /** whether the gateway serves it */
  readonly served: boolean
}

/** The first deployment of a model; a name that the gateway does not serve is read as `provider/model`. Throws `model-denied` and 400. */
export function subjectOf(model: string, { caller, house }: Pick<Who, 'caller' | 'house'>): Subject {
  const [deployment] = groupOf(model, caller, house)
  if (deployment) return { deployment, served: true }
  try {
    // nobody calls it: no key and no variable is needed
    return { deployment: readEntry({ model_name: model, litellm_params: { model } }, {}).deployment, served: false }
  } catch (thrown) {
    if (!isGatewayError(thrown)) throw thrown
    throw invalid('model', thrown.message)
  }
}

function groupOf(model: string, caller: Who['caller'], house: Who['house']): readonly Deployment[] {
  try {
    return resolve(model, caller, house).group.deployments
  } catch (thrown) {
    if (isGatewayError(thrown) && thrown.code === 'unknown-model') return []
    throw thrown
  }
}
