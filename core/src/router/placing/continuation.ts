import type { Call } from '../../client/call.ts'
import type { Reply } from '../../client/send.ts'
import { type FaultDetail, GatewayError, isGatewayError } from '../../kernel/faults.ts'
import { asString } from '../../kernel/json.ts'
import type { Group, Pool } from '../pool.ts'
import type { Answer, Asking } from '../trial.ts'
import { issuersOf, sameIssuer } from './issuer.ts'
import type { Pins } from './pins.ts'

/** Sends a call that continues a stored response to whoever made it: nobody else has it. */
export interface Continuations {
  /**
   * The part of the group that can go on with what the call continues; undefined where nobody knows who made it, or there is nothing
   * to continue. Throws `continuation-gone` where nobody is left.
   */
  within(call: Call, group: Group, tenant: string | undefined): Group | undefined
  /** remembers who made a response */
  issued(reply: Reply, deployment: string, tenant: string | undefined): void
}

export function createContinuations(pool: Pick<Pool, 'deployments'>, pins: Pins): Continuations {
  const nameOf = (tenant: string | undefined, id: string): string => `${tenant ?? ''}\n${id}`

  return {
    within(call, group, tenant) {
      const id = continuedBy(call)
      const maker = id === undefined ? undefined : pins.get(nameOf(tenant, id))
      // what another process or another key made is not known here: whoever made it may be among these
      if (id === undefined || maker === undefined) return undefined
      const issuer = pool.deployments.find((deployment) => deployment.id === maker)
      const able = group.deployments.filter(
        (deployment) => deployment.id === maker || (issuer !== undefined && sameIssuer(deployment, issuer)),
      )
      if (able.length === 0) throw gone(call, `is not among the deployments of model=${group.name} any more`)
      return able.length === group.deployments.length ? group : { name: group.name, deployments: able }
    },
    issued(reply, deployment, tenant) {
      const id = reply.format === 'openai-responses' ? responseId(reply) : undefined
      if (id !== undefined) pins.set(nameOf(tenant, id), deployment)
    },
  }
}

type Ask = (call: Call, group: Group, asking: Asking) => Promise<Answer>

/** Asks those who can go on with what the call continues, and nobody else; remembers who made the answer. */
export async function askWithin(
  { call, group, asking }: { readonly call: Call; readonly group: Group; readonly asking: Asking },
  continuations: Continuations,
  ask: Ask,
): Promise<Answer> {
  const able = continuations.within(call, group, asking.tenant)
  const answer = able
    ? await ask(call, able, { ...asking, disableFallbacks: true }).catch((thrown: unknown) => {
        if (!isGatewayError(thrown) || thrown.code !== 'no-deployment' || able === group) throw thrown
        const { retryAfterMs } = thrown
        throw gone(call, 'cannot be asked at the moment', retryAfterMs === undefined ? {} : { retryAfterMs })
      })
    : await ask(call, group, asking)
  if (answer.compiled.untouched) continuations.issued(answer.reply, answer.deployment.id, asking.tenant)
  return answer
}

/** The stored response that a call goes on from. */
export function continuedBy(call: Call): string | undefined {
  if (!call.envelope.members.has('previous_response_id')) return undefined
  return asString(call.field('previous_response_id'))
}

/** 409: what the call continues lies with a deployment that cannot be asked. */
export function gone(call: Call, why: string, detail: FaultDetail = {}): GatewayError {
  const what =
    continuedBy(call) === undefined ? 'the encrypted reasoning in it' : 'the response in `previous_response_id`'
  return new GatewayError(
    'continuation-gone',
    `The call cannot be continued: whoever made ${what} ${why}. Send the whole conversation without it.`,
    { param: continuedBy(call) === undefined ? 'input' : 'previous_response_id', ...detail },
  )
}

/** OpenAI's words for what only its issuer can read (https://developers.openai.com/api/docs/guides/conversation-state). */
const foreign: ReadonlySet<string> = new Set(['previous_response_not_found', 'invalid_encrypted_content'])

/** A provider's refusal of what another credential issued, as what it is: somebody else in the group may be able to go on. */
export function continuationFault(call: Call, group: Group, error: GatewayError): GatewayError {
  const { vendorCode, provider, model } = error.detail
  if (vendorCode === undefined || !foreign.has(vendorCode) || issuersOf(group.deployments) < 2) return error
  return gone(call, 'is not the deployment that was asked, and nobody here knows who it is', {
    vendorCode,
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
  })
}

const decoder = new TextDecoder()
const inFirstEvent = /"response"\s*:\s*\{.{0,400}?"id"\s*:\s*"([^"\\]{1,200})"/s

/** The id of a response, in its object or in the first event of its stream. */
function responseId(reply: Reply): string | undefined {
  if (reply.kind === 'whole') return asString(reply.value.id)
  const [first] = reply.head
  return first && inFirstEvent.exec(decoder.decode(first.subarray(0, 2048)))?.[1]
}
