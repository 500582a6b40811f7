import { answerWhole } from 'turnpike-core/internal/client/answer'
import { compile } from 'turnpike-core/internal/client/compile'
import { type Fetch, send } from 'turnpike-core/internal/client/send'
import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { zeroUsd } from 'turnpike-core/internal/kernel/money'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import { costOf } from 'turnpike-core/internal/router/price'
import type { Exchange } from '../vocabulary/exchange.ts'
import { whyOf } from './create-vitals.ts'
import { type FreeQuestion, freeQuestion, smallestCall } from './free-question.ts'
import type { Finding } from './vitals.ts'

export interface ProbePorts {
  readonly fetch: Fetch
  /** books what a probe cost */
  readonly book: (exchange: Exchange) => void
  readonly now: () => number
}

type Found = Pick<Finding, 'verdict' | 'why'>

const freeMs = 10_000
const smallestMs = 60_000

/** The tag under which the spend of probes is booked. */
export const probeTag = 'health-check'

/** Asks one deployment for a sign of life: at no cost where its vendor lists its models, else by the smallest call there is. */
export async function probe(deployment: Deployment, ports: ProbePorts): Promise<Finding> {
  const begun = ports.now()
  const { verdict, why } = await ask(deployment, ports)
  const at = ports.now()
  const { id, group } = deployment
  return { id: crypto.randomUUID(), deployment: id, group, at, by: 'probe', verdict, ms: at - begun, why }
}

async function ask(deployment: Deployment, ports: ProbePorts): Promise<Found> {
  if (deployment.mock !== undefined) return { verdict: 'healthy' }
  try {
    const question = freeQuestion(deployment)
    const free = question && (await askFree(question, ports))
    if (free) return free
    // nobody can say which model a wildcard is to be asked with
    if (deployment.model.includes('*'))
      return { verdict: 'unknown', why: 'a wildcard whose provider does not list its models' }
    return await askSmallest(deployment, ports)
  } catch (thrown) {
    if (!isGatewayError(thrown)) return { verdict: 'unknown', why: 'internal (500)' }
    // a question that was refused for what it asked tells nothing of the deployment
    return { verdict: thrown.fault.blame === 'provider' ? 'unhealthy' : 'unknown', why: whyOf(thrown) }
  }
}

/** undefined: there is no such list at this address. */
async function askFree({ url, headers }: FreeQuestion, ports: ProbePorts): Promise<Found | undefined> {
  let status: number
  try {
    const response = await ports.fetch(url, {
      method: 'GET',
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(freeMs),
    })
    status = response.status
    await response.body?.cancel()
  } catch (thrown) {
    const late = thrown instanceof Error && thrown.name === 'TimeoutError'
    return { verdict: 'unhealthy', why: late ? 'provider-timeout (408)' : 'provider-unreachable (500)' }
  }
  if (status < 300) return { verdict: 'healthy' }
  if (status === 401 || status === 403) return { verdict: 'unhealthy', why: `provider-auth (${status})` }
  if (status === 429) return { verdict: 'unknown', why: 'provider-limit (429)' }
  return status === 500 || status > 501 ? { verdict: 'unhealthy', why: `provider-failed (${status})` } : undefined
}

async function askSmallest(deployment: Deployment, { fetch, book, now }: ProbePorts): Promise<Found> {
  const startedAt = now()
  const call = smallestCall()
  const compiled = compile(call, deployment)
  const reply = await send(compiled, { fetch, deadlines: { totalMs: smallestMs } })
  if (reply.kind !== 'whole') {
    reply.close()
    return { verdict: 'unknown', why: 'provider-garbled (502)' }
  }
  const { usage, serviceTier } = answerWhole(call, reply)
  const endedAt = now()
  const seconds = (endedAt - startedAt) / 1000
  const cost = costOf(usage, deployment, { at: startedAt, serviceTier, call, seconds })
  const { id, group, provider, model } = deployment
  book({
    id: crypto.randomUUID(),
    endpoint: 'health.probe',
    startedAt,
    firstByteAt: endedAt,
    endedAt,
    principal: { kind: 'master' },
    model: group,
    modelGroup: group,
    deployment: { id, provider: provider.name, model, apiBase: compiled.url.split('?', 1)[0] ?? '' },
    attempts: [{ kind: 'answered', deployment: id, group, ms: endedAt - startedAt }],
    warnings: [],
    usage,
    cost,
    spend: cost?.total ?? zeroUsd,
    outcome: 'answered',
    status: 200,
    stream: false,
    tags: [probeTag],
    metadata: {},
  })
  return { verdict: 'healthy' }
}
