import type { Call } from 'turnpike-core/internal/client/call'
import { compile } from 'turnpike-core/internal/client/compile'
import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { type JsonObject, parseObject } from 'turnpike-core/internal/kernel/json'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import type { Explanation } from 'turnpike-core/internal/router/dispatch'
import type { Group } from 'turnpike-core/internal/router/pool'
import type { Asking } from 'turnpike-core/internal/router/trial'
import type { House } from '../../../house.ts'
import { worstCase } from '../../../pipeline/price.ts'
import { masked } from '../../../registry/secrets.ts'
import { sentView } from '../calculators/raw-request.ts'
import { deploymentBudgets, usd } from './limits.ts'

/** The deployments of a group in the order in which they would be tried, those that would be passed over last, each with why. */
export async function candidateViews(
  call: Call,
  group: Group,
  { house, asking }: { readonly house: House; readonly asking: Asking },
): Promise<readonly JsonObject[]> {
  const { order, skipped } = house.router.explain(call, group, asking)
  const passedOver = new Map(skipped.map((one) => [one.deployment, skipWords(one)]))
  const views = await Promise.all(
    group.deployments.map(async (deployment) => {
      const worst = worstCase(call, [deployment], house.now())
      const budgets = await deploymentBudgets(deployment, worst, house)
      const why = passedOver.get(deployment.id) ?? whyNot(call, deployment) ?? overLimit(budgets)
      return { deployment, worst, budgets, why }
    }),
  )
  const place = ({ deployment, why }: (typeof views)[number]) =>
    (why === undefined ? 0 : order.length + 1) + order.indexOf(deployment.id)
  return views
    .sort((a, b) => place(a) - place(b))
    .map(({ deployment, worst, budgets, why }) => ({
      ...about(deployment, house),
      eligible: why === undefined,
      ...(why !== undefined && { why }),
      budgets,
      worst_case_usd: usd(worst),
      ...requestView(call, deployment, house),
    }))
}

function skipWords({ why, cause, waitMs }: Explanation['skipped'][number]): string {
  if (waitMs === undefined) return why
  return `${why}: out of rotation for ${Math.ceil(waitMs / 1000)} more seconds${cause === undefined ? '' : `, by ${cause}`}`
}

function overLimit(budgets: readonly JsonObject[]): string | undefined {
  const full = budgets.find(({ fits }) => fits !== true)
  return full && `over-limit: no room in the budget of ${String(full.scope)} ${String(full.id)}`
}

function about(
  { id, provider, model, order, weight, rpm, tpm, maxParallel }: Deployment,
  { router }: House,
): JsonObject {
  const latencies = router.health.latencies(id)
  return {
    deployment: id,
    provider: provider.name,
    model,
    order: order ?? 0,
    weight: weight ?? rpm ?? tpm ?? null,
    rpm: rpm ?? null,
    tpm: tpm ?? null,
    max_parallel_requests: maxParallel ?? null,
    in_flight: router.health.inFlight(id),
    ms_per_token: latencies.length === 0 ? null : latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length,
  }
}

/** Why it could not be asked this at all. */
function whyNot(call: Call, deployment: Deployment): string | undefined {
  try {
    if (deployment.mock === undefined) compile(call, deployment)
    return undefined
  } catch (thrown) {
    if (!isGatewayError(thrown)) throw thrown
    return `${thrown.code}: ${thrown.message}`
  }
}

/** Exactly what would be sent, without a secret. */
function requestView(call: Call, deployment: Deployment, house: House): JsonObject {
  if (deployment.mock !== undefined) return { request: null, answers: 'by itself, nobody is called' }
  try {
    const compiled = compile(call, deployment)
    const { url, headers } = sentView(compiled)
    return {
      request: {
        format: compiled.format,
        untouched: compiled.untouched,
        url,
        headers,
        body: masked(parseObject(new TextDecoder().decode(compiled.body)) ?? {}, house.sealing),
      },
      warnings: compiled.warnings.map(({ kind, path, why }) => ({ kind, path, why })),
    }
  } catch (thrown) {
    if (!isGatewayError(thrown)) throw thrown
    return { request: null }
  }
}
