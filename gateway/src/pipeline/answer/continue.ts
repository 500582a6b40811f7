import { sourceOf } from 'turnpike-core/internal/client/answer'
import { continuing } from 'turnpike-core/internal/client/flow/continue-call'
import type { JoinedFlow } from 'turnpike-core/internal/client/flow/joined'
import type { StreamReply } from 'turnpike-core/internal/client/send'
import type { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Answer } from 'turnpike-core/internal/router/dispatch'
import type { Group } from 'turnpike-core/internal/router/pool'
import { askingOf, type Question } from '../ask.ts'

/** An answer that goes on where another broke off. */
export interface Continuation {
  readonly reply: StreamReply
  /** the deployment that it comes from */
  readonly deployment: string
}

export interface Begun extends Question {
  readonly answer: Answer
}

/** Finds who goes on after a failure within a stream; undefined where nobody can. */
export type Resume = (error: GatewayError) => Promise<Continuation | undefined>

/** Two breaks are misfortune; who breaks a third time is told of it. */
const mostBreaks = 2

/**
 * Goes on with a broken stream at another deployment of the group, or of its fallbacks, whose model takes the beginning of its answer as a
 * part of the request (https://docs.anthropic.com/en/docs/build-with-claude/prompt-engineering/prefill-claudes-response).
 */
export function resuming(begun: Begun, flow: JoinedFlow): Resume {
  const { call, story, house } = begun
  const broken = new Set<string>([begun.answer.deployment.id])
  return async (error) => {
    const text = error.fault.blame === 'provider' && broken.size <= mostBreaks ? flow.soFar() : undefined
    const rest = text === undefined ? undefined : continuing(call, text)
    if (!rest) return undefined
    const groups = groupsFor(begun, broken)
    if (groups.length === 0) return undefined
    story.brokeOff({ usage: flow.usage(), serviceTier: flow.serviceTier(), error })
    const asking = { ...askingOf({ ...begun, call: rest }), disableFallbacks: true }
    for (const group of groups) {
      const answer = await house.router.ask(rest, group, asking).catch(() => undefined)
      if (!answer) continue
      if (answer.reply.kind === 'stream') {
        broken.add(answer.deployment.id)
        story.answered(answer)
        flow.goOn(sourceOf(answer.compiled))
        return { reply: answer.reply, deployment: answer.deployment.id }
      }
      answer.done({})
    }
    return undefined
  }
}

function groupsFor({ call, grant }: Begun, broken: ReadonlySet<string>): readonly Group[] {
  const { route, covers } = grant
  const further = call.field('disable_fallbacks') === true ? [] : route.reach.filter(covers)
  return [route.group, ...further]
    .map((group) => ({ ...group, deployments: group.deployments.filter((one) => mayGoOn(one, broken)) }))
    .filter(({ deployments }) => deployments.length > 0)
}

function mayGoOn({ id, profile }: Answer['deployment'], broken: ReadonlySet<string>): boolean {
  return profile.prefill === true && !broken.has(id)
}
