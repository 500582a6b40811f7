import type { Call } from '../../client/call.ts'
import type { Reply } from '../../client/send.ts'
import { isGatewayError } from '../../kernel/faults.ts'
import { asString } from '../../kernel/json.ts'
import type { Group, Pool } from '../pool.ts'
import type { Answer, Asking } from '../trial.ts'
import { continuedBy, gone } from './gone.ts'
import { sameIssuer } from './issuer.ts'
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
      const size = group.deployments.length
      return able.length === size ? group : { name: group.name, deployments: able, size }
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

const decoder = new TextDecoder()
const inFirstEvent = /"response"\s*:\s*\{.{0,400}?"id"\s*:\s*"([^"\\]{1,200})"/s

/** The id of a response, in its object or in the first event of its stream. */
function responseId(reply: Reply): string | undefined {
  if (reply.kind === 'whole') return asString(reply.value.id)
  const [first] = reply.head
  return first && inFirstEvent.exec(decoder.decode(first.subarray(0, 2048)))?.[1]
}
