import { type Call, callOf } from 'turnpike-core/internal/client/call'
import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Group } from 'turnpike-core/internal/router/pool'
import type { Asking } from 'turnpike-core/internal/router/trial'
import { z } from 'zod'
import type { House } from '../../../house.ts'
import { wantedOf } from '../../../pipeline/admit.ts'
import { inputEstimate, outputEstimate } from '../../../pipeline/price.ts'
import { partiesOf } from '../../../pipeline/request/parties.ts'
import { actingFor, type ResolvedRoute, resolve } from '../../../pipeline/resolve.ts'
import type { Knock } from '../../../pipeline/route.ts'
import type { Principal } from '../../../vocabulary/principal.ts'
import type { Desk } from '../../row.ts'
import { anyObject, text } from '../../shapes.ts'
import { formatOfCall } from '../calculators/raw-request.ts'
import { candidateViews } from './candidates.ts'
import { limitView, usd } from './limits.ts'
import { whoseCall, whoView } from './whose.ts'

export const explainBody = z.object({
  /** a key's secret, hash or alias; the caller's own where it is left out */
  key: text.nullish(),
  call_type: z.string().max(64).nullish(),
  request: anyObject,
})

type ExplainDesk = Desk<z.infer<typeof explainBody>, undefined>

/** `POST /utils/explain`: what would become of a call, step by step, without sending, reserving or booking anything. */
export async function explain(desk: ExplainDesk): Promise<JsonObject> {
  const { body } = desk
  const { principal, turnedAway } = await whoseCall(body.key ?? undefined, desk)
  const steps: Record<string, Json> = { caller: whoView(principal) }
  try {
    if (turnedAway !== undefined)
      return { ...steps, would_be: 'refused', refused: { step: 'identify', why: turnedAway } }
    return { ...steps, ...(await follow(principal, desk)) }
  } catch (thrown) {
    if (!isGatewayError(thrown)) throw thrown
    return {
      ...steps,
      would_be: 'refused',
      refused: { why: `${thrown.code}: ${thrown.message}`, status: thrown.status },
    }
  }
}

async function follow(knocker: Principal, desk: ExplainDesk): Promise<JsonObject> {
  const { body, house } = desk
  const bytes = new TextEncoder().encode(JSON.stringify(body.request))
  const call = callOf({ format: formatOfCall(body.call_type ?? 'completion'), bytes })
  const knock = knockOf(desk)
  const caller = await actingFor(knock, call, knocker, house)
  const parties = await partiesOf(knock, call, caller, house)
  const route = resolve(call.model, caller, house)
  const { wanted, worst } = wantedOf({ call, caller, parties, route, house })
  const asking: Asking = {
    region: parties.customer?.region,
    tags: parties.tags,
    teamId: caller.kind === 'key' || caller.kind === 'token' ? caller.team?.id : undefined,
  }
  const limits = await Promise.all(house.admission.claims(wanted).map((placed) => limitView(placed, house)))
  const candidates = await candidateViews(call, route.group, { house, asking })
  const tight = limits.filter(({ fits }) => fits !== true)
  const none = !candidates.some(({ eligible }) => eligible)
  return {
    model: modelView(call, route),
    parties: { end_user: parties.endUser ?? null, tags: parties.tags },
    estimate: {
      input_tokens: inputEstimate(call),
      most_output_tokens: outputEstimate(call),
      worst_case_usd: usd(wanted.worstCase),
      price_known: wanted.worstCase !== undefined,
    },
    limits,
    strategy: house.router.settings.strategy,
    candidates,
    fallbacks: await fallbackViews(call, route.reach, { worst, house, asking }),
    would_be: tight.length > 0 ? 'refused' : none ? 'without a deployment' : 'sent',
    ...(tight.length > 0 && {
      refused: {
        step: 'admit',
        why: `no room in the ${tight.map((one) => `${String(one.limits)} of ${String(one.scope)} ${String(one.id)}`).join(', ')}`,
      },
    }),
  }
}

function modelView({ model }: Call, { group, model: resolved }: ResolvedRoute): JsonObject {
  return { asked: model, group: group.name, known_as: resolved, deployments: group.deployments.length }
}

interface FallbackGiven {
  readonly worst: ReadonlyMap<Group, number | undefined>
  readonly house: House
  readonly asking: Asking
}

function fallbackViews(
  call: Call,
  reach: readonly Group[],
  { worst, house, asking }: FallbackGiven,
): Promise<readonly JsonObject[]> {
  return Promise.all(
    reach.map(async (group) => ({
      group: group.name,
      price_known: worst.get(group) !== undefined,
      candidates: await candidateViews(call, group, { house, asking }),
    })),
  )
}

/** The call as if it had knocked itself: of the explanation's own request only the caller's notes in its headers count. */
function knockOf({ call: { request, callId, params, query, address }, house }: ExplainDesk): Knock {
  return {
    request: new Request(request.url, { headers: request.headers }),
    endpoint: {
      kind: 'route',
      id: 'explained',
      method: 'POST',
      paths: [],
      policy: 'key',
      groups: [],
      errors: 'openai-chat',
      handle: () => new Response(),
    },
    params,
    query,
    id: callId,
    callId,
    startedAt: house.now(),
    tick: 0,
    peer: address,
  }
}
