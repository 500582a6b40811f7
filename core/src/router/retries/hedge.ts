import type { Reply } from '../../client/send.ts'
import { createPace, type Pace, type Runner, race } from '../../client/sending/hedge.ts'
import { GatewayError } from '../../kernel/faults.ts'
import type { Usage } from '../../vocabulary/usage.ts'
import type { Attempt } from '../attempt.ts'
import type { Deployment } from '../deployment.ts'
import type { Health } from '../health/health.ts'

/** What a deployment used for an answer that another gave. */
export interface Spent {
  readonly deployment: Deployment
  readonly usage: Usage
}

/** What the owner of a deployment has set aside for an attempt, or why it may not be made. */
type Entry = { readonly full: string } | { readonly full?: undefined; leave(): void }

/** What must be known of a try to make a second one beside it. */
export interface Overtakable {
  readonly call: { readonly stream: boolean }
  readonly group: { readonly name: string; readonly deployments: readonly Deployment[] }
  readonly deployment: Deployment
  /** others that may take the call as well, best first; undefined: those of the group that are in rotation */
  readonly rivals?: readonly Deployment[]
  readonly asking: {
    readonly signal?: AbortSignal | undefined
    readonly enter?: ((deployment: Deployment) => Entry | Promise<Entry>) | undefined
    readonly note?: (attempt: Attempt) => void
  }
}

/** What must be known of an answer to let it go. */
export interface Overtaken {
  readonly reply: Reply
  done(end: { readonly error?: GatewayError | undefined }): void
}

/** What is laid over a try that runs in a race. */
interface Running {
  readonly heard: (usage: Usage) => void
  readonly asking: { readonly signal: AbortSignal; readonly note: (attempt: Attempt) => void }
}

/** An attempt that was called off because another deployment answered first. */
type LostAttempt = Attempt & { readonly reason: 'hedged' }

/**
 * Attempts that a second deployment may overtake, where the entry says `hedge`: whoever answers first is taken, the other's socket is
 * closed, and what it is known to have used stays with the answer.
 */
export function hedged<Trial extends Overtakable, Answer extends Overtaken>(
  attempt: (trial: Trial) => Promise<Answer>,
  { health, ports }: { readonly health: Pick<Health, 'cooling' | 'inFlight'>; readonly ports: { tick(): number } },
): (trial: Trial) => Promise<Answer & { readonly besides?: () => readonly Spent[] }> {
  const paces = new Map<string, Pace>()

  function paceOf({ group, call }: Trial): Pace {
    const key = `${call.stream ? 'stream' : 'whole'} ${group.name}`
    const pace = paces.get(key) ?? createPace()
    paces.set(key, pace)
    return pace
  }

  return async (trial) => {
    const hedge = trial.deployment.settings?.hedge
    if (!hedge) return attempt(trial)
    const pace = paceOf(trial)
    const begun = ports.tick()
    const afterMs = pace.begin(hedge)
    const answer = await (afterMs === undefined ? attempt(trial) : overtaken(trial, afterMs, pace))
    pace.answered(ports.tick() - begun)
    return answer
  }

  async function overtaken(trial: Trial, afterMs: number, pace: Pace) {
    const spent: Spent[] = []
    const second = (): Runner<Answer> | undefined => {
      const rival = trial.asking.signal?.aborted ? undefined : rivalOf(trial)
      return rival && pace.takeExtra() ? running({ ...trial, deployment: rival }, spent, entered) : undefined
    }
    const answer = await race({ first: running(trial, spent), afterMs, second })
    return { ...answer, besides: () => spent }
  }

  /** The second one's own set-aside: the first one's is the dispatcher's to give back. */
  async function entered(trial: Trial): Promise<Answer> {
    const { asking, deployment } = trial
    const entry = await asking.enter?.(deployment)
    if (entry?.full !== undefined) throw new GatewayError('no-deployment', entry.full)
    try {
      if (asking.signal?.aborted) throw overtakenBy(deployment)
      return await attempt(trial)
    } catch (thrown) {
      entry?.leave()
      throw thrown
    }
  }

  function running(trial: Trial, spent: Spent[], make = attempt): Runner<Answer> {
    const { asking, deployment, group } = trial
    const line = new AbortController()
    const leave = (): void => line.abort()
    if (asking.signal?.aborted) leave()
    else asking.signal?.addEventListener('abort', leave, { once: true })
    const begun = ports.tick()
    let usage: Usage | undefined
    let lost = false
    const note = (told: Attempt): void => (lost ? undefined : asking.note?.(told))
    const heard = (told: Usage): void => void (usage = told)
    const over: Running = { heard, asking: { ...asking, signal: line.signal, note } }
    const result = make({ ...trial, ...over })
    return {
      result,
      lose() {
        const error = overtakenBy(deployment)
        const told: LostAttempt = {
          ...{ kind: 'failed', deployment: deployment.id, group: group.name, ms: ports.tick() - begun, error },
          reason: 'hedged',
        }
        note(told)
        lost = true
        if (usage) spent.push({ deployment, usage })
        asking.signal?.removeEventListener('abort', leave)
        line.abort()
        result.then((answer) => letGo(answer, error)).catch(() => {})
      },
    }
  }

  function isFree({ id, maxParallel }: Deployment): boolean {
    return health.cooling(id) === 0 && (maxParallel === undefined || health.inFlight(id) < maxParallel)
  }

  /** The best of those that the dispatcher names; else whichever of the group is in rotation and has least to do. */
  function rivalOf({ deployment, group, rivals }: Trial): Deployment | undefined {
    const others = (rivals ?? group.deployments).filter((other) => other.id !== deployment.id && isFree(other))
    if (rivals) return others[0]
    return others.toSorted((a, b) => health.inFlight(a.id) - health.inFlight(b.id))[0]
  }
}

function letGo(answer: Overtaken, error: GatewayError): void {
  if (answer.reply.kind === 'stream') answer.reply.close()
  answer.done({ error })
}

/** Nobody's fault: it cools nothing. */
function overtakenBy({ provider, model }: Deployment): GatewayError {
  return new GatewayError('client-gone', 'Another deployment answered first.', {
    kind: 'hedged',
    provider: provider.name,
    model,
  })
}
