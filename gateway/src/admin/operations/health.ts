import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import { type ModelEntry, readEntry } from 'turnpike-core/internal/router/model-list/entry'
import { z } from 'zod'
import { mayCall } from '../../access/grants.ts'
import { isAdmin, readsAll } from '../../access/rights.ts'
import type { Finding, Verdict } from '../../health/vitals.ts'
import type { House } from '../../house.ts'
import { targetOf } from '../../pipeline/resolve.ts'
import { masked } from '../../registry/secrets.ts'
import { forbidden } from '../desk.ts'
import type { Desk } from '../row.ts'
import { id, invalid, querySwitch, queryWhole, text } from '../shapes.ts'
import { iso } from '../terms.ts'

export const healthQuery = z.object({
  model: text.optional(),
  model_id: id.optional(),
  /** ask the deployments now */
  probe: querySwitch.optional(),
})

/**
 * `GET /health`: what is known of the deployments that the caller may use, from what callers' requests came to. Nobody is called for it,
 * unless an administrator says `probe=true`: then each deployment is asked, at most once in `health_check_interval`.
 */
export async function health(desk: Desk<undefined, z.infer<typeof healthQuery>>): Promise<JsonObject> {
  const { caller, house, query } = desk
  const seen = house.router.pool.deployments.filter(
    (one) =>
      (query.model === undefined || query.model === one.group) &&
      (query.model_id === undefined || query.model_id === one.id) &&
      mayCall(caller, targetOf(one.group, { name: one.group, deployments: [one] })),
  )
  if (query.probe) {
    if (!isAdmin(caller)) throw forbidden('Only an administrator may have deployments asked: leave probe out.', 'probe')
    await house.prober.ask(seen)
  }
  const show = viewerFor(desk)
  const views: Record<Verdict, JsonObject[]> = { healthy: [], unhealthy: [], unknown: [] }
  for (const one of seen) {
    const { verdict, view } = show(one)
    views[verdict].push(view)
  }
  return {
    healthy_endpoints: views.healthy,
    unhealthy_endpoints: views.unhealthy,
    unknown_endpoints: views.unknown,
    healthy_count: views.healthy.length,
    unhealthy_count: views.unhealthy.length,
    unknown_count: views.unknown.length,
  }
}

type Shown = { readonly verdict: Verdict; readonly view: JsonObject }

/** How a deployment is shown to this caller: to those who read everything with its parameters, secrets masked. */
function viewerFor({ caller, house }: Pick<Desk<undefined, unknown>, 'caller' | 'house'>): (one: Deployment) => Shown {
  const { details } = house.config.governance.health
  const entries = details && readsAll(caller) ? entriesById(house) : undefined
  return (one) => {
    const finding = house.vitals.of(one.id)
    const coolingMs = house.router.health.cooling(one.id)
    const verdict = coolingMs > 0 ? 'unhealthy' : (finding?.verdict ?? 'unknown')
    const model = `${one.provider.name}/${one.model}`
    if (!details) return { verdict, view: { model } }
    const params = entries?.get(one.id)?.litellm_params
    return {
      verdict,
      view: {
        ...(params && masked(params, house.sealing)),
        model,
        model_name: one.group,
        model_id: one.id,
        custom_llm_provider: one.provider.name,
        ...(verdict !== 'healthy' && { error: errorWords(finding, coolingMs) }),
        ...(coolingMs > 0 && { cooling_for_ms: coolingMs }),
        ...(finding && checkedFields(finding)),
      },
    }
  }
}

function errorWords(finding: Finding | undefined, coolingMs: number): string {
  if (finding?.why !== undefined) return finding.why
  return coolingMs > 0 ? 'it failed and is out of rotation for a while' : 'nobody has called it since the start'
}

function checkedFields({ at, by, ms }: Finding): JsonObject {
  return { checked_at: iso(at), checked_by: by, response_time_ms: ms === undefined ? null : Math.round(ms) }
}

function entriesById({ models, config }: House): ReadonlyMap<string, ModelEntry> {
  const all = [...models.declared, ...models.added()]
  return new Map(all.map((entry) => [readEntry(entry, config.environment).deployment.id, entry]))
}

/** A finding as LiteLLM's row of a health check. */
function rowOf({ id: findingId, deployment, group, at, by, verdict, ms, why }: Finding): JsonObject {
  return {
    health_check_id: findingId,
    model_name: group,
    model_id: deployment,
    status: verdict,
    healthy_count: verdict === 'healthy' ? 1 : 0,
    unhealthy_count: verdict === 'unhealthy' ? 1 : 0,
    error_message: why ?? null,
    response_time_ms: ms === undefined ? null : Math.round(ms),
    details: null,
    checked_by: by,
    checked_at: iso(at),
    created_at: iso(at),
  }
}

/** `GET /health/latest`: the latest that was found of each deployment, by its id. */
export function latestHealth({ house }: Pick<Desk<undefined, undefined>, 'house'>): JsonObject {
  const found = house.vitals.latest()
  return {
    latest_health_checks: Object.fromEntries(found.map((one) => [one.deployment, rowOf(one)])),
    total_models: found.length,
  }
}

export const historyQuery = z.object({
  model: text.optional(),
  status_filter: z.enum(['healthy', 'unhealthy', 'unknown']).optional(),
  limit: queryWhole.min(1).max(1000).optional(),
  offset: queryWhole.optional(),
})

/** `GET /health/history`: what was found, newest first, the last hundred of each model since the start of this process. */
export function healthHistory({ house, query }: Desk<undefined, z.infer<typeof historyQuery>>): JsonObject {
  const { model, status_filter: status, limit = 100, offset = 0 } = query
  const found = house.vitals.history(model).filter(({ verdict }) => status === undefined || verdict === status)
  return {
    health_checks: found.slice(offset, offset + limit).map(rowOf),
    total_records: found.length,
    limit,
    offset,
  }
}

export const servicesQuery = z.object({ service: text.optional() })

/** `GET /health/services`: what the gateway itself leans on. */
export async function serviceHealth({
  house,
  query,
}: Desk<undefined, z.infer<typeof servicesQuery>>): Promise<JsonObject> {
  const { answers, lastAt } = await house.storeWatch.look()
  const agreement = house.shared.agreement()
  const services: Record<string, Json> = {
    database: { status: answers ? 'healthy' : 'unhealthy', last_answered_at: iso(lastAt) },
    redis: { status: redisStatus[agreement], replicas: house.shared.replicas() },
    journal: { status: 'healthy', rows_waiting: house.ledger.waiting() },
  }
  const { service } = query
  if (service === undefined) return { services }
  if (!Object.hasOwn(services, service))
    throw invalid('service', `${service} is not connected here. There are ${Object.keys(services).join(', ')}.`)
  return { service, ...(services[service] as JsonObject) }
}

const redisStatus = { alone: 'not configured', agreed: 'healthy', 'cut-off': 'unhealthy' } as const
