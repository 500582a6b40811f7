import type { Call } from 'turnpike-core/internal/client/call'
import { sumUsage } from 'turnpike-core/internal/client/flow/sum-usage'
import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import { addUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import type { Cost } from 'turnpike-core/internal/models/cost'
import type { Attempt } from 'turnpike-core/internal/router/attempt'
import type { Deployment } from 'turnpike-core/internal/router/deployment'
import type { Answer } from 'turnpike-core/internal/router/dispatch'
import { type CostTerms, costOf } from 'turnpike-core/internal/router/price'
import { noUsage, type Usage } from 'turnpike-core/internal/vocabulary/usage'
import type { Warning } from 'turnpike-core/internal/vocabulary/warnings'
import type { Admitted, Entered } from '../admission/admission.ts'
import type { House } from '../house.ts'
import type { Exchange, Outcome } from '../vocabulary/exchange.ts'
import type { Principal } from '../vocabulary/principal.ts'
import type { Customer } from '../vocabulary/tenants.ts'
import type { Grant } from './admit.ts'
import { inputEstimate } from './price.ts'
import { callerNotes } from './request/caller-notes.ts'
import type { Parties } from './request/parties.ts'
import type { Knock } from './route.ts'
import { openTranscript } from './transcript.ts'

type SetAside = Extract<Entered, { full?: undefined }>

/** How an exchange ended, as far as the end itself knows. */
export interface Ending {
  readonly outcome: Outcome
  readonly status: number
  readonly usage?: Usage | undefined
  /** the tier that the provider says it served the call at */
  readonly serviceTier?: string | undefined
  readonly error?: GatewayError | undefined
}

/** The story of one request while it is being lived; told once, as an immutable `Exchange`, when it ends. */
export interface Story {
  caller(principal: Principal): void
  principal(): Principal
  /** tags of the caller and of the call */
  tags(): readonly string[]
  /** where the call's end user may be served, if that is set down */
  region(): Customer['region']
  call(call: Call): void
  parties(parties: Parties): void
  granted(grant: Grant): void
  /** tells the ledger that the call goes to a provider now */
  sent(): void
  /** what the deployment that is asked now sets aside for it; nothing when it has failed */
  entered(deployment: string, entered: SetAside | undefined): void
  attempt(attempt: Attempt): void
  answered(answer: Answer): void
  /** the answer broke off after it had begun: what it used so far is booked with what goes on in its place */
  brokeOff(end: BrokenOff): void
  /** bytes of the answer, as the caller gets them */
  said(bytes: Uint8Array): void
  /** milliseconds spent waiting for providers so far */
  upstreamMs(): number
  /** the end: books the money, returns what was set aside, tells the callbacks. What comes after the first end is ignored. */
  settle(ending: Ending): Cost | undefined
  /** the end by an error; what was thrown, as an error that can be shown */
  fail(thrown: unknown): GatewayError
}

/** How an answer that another is to go on with has ended. */
export interface BrokenOff {
  readonly usage: Usage | undefined
  readonly serviceTier: string | undefined
  readonly error: GatewayError
}

const anonymous: Principal = { kind: 'anonymous' }

export function openStory(knock: Knock, house: House): Story {
  const attempts: Attempt[] = []
  let principal: Principal | undefined
  let call: Call | undefined
  let parties: Parties | undefined
  let grant: Grant | undefined
  const entered = new Map<string, SetAside>()
  let answer: Answer | undefined
  const earlier: Part[] = []
  /** deployments whose answer broke off, in order */
  const continued: string[] = []
  let broken: Answer | undefined
  const earlierEntered: SetAside[] = []
  let firstByteAt: number | undefined
  let settled = false
  const transcript = openTranscript(house.config.governance.requestLogs.storePrompts)

  function settle({ outcome, status, usage, serviceTier, error }: Ending): Cost | undefined {
    if (settled) return undefined
    settled = true
    const endedAt = house.now()
    const seconds = (endedAt - knock.startedAt) / 1000
    // an answer that broke off and that nothing went on with has told its usage already
    const end = { usage, serviceTier, leaving: outcome === 'abandoned' }
    const last = answer && broken !== answer ? partsOf(answer, end) : []
    const { usage: used, cost } = sumOf([...earlier, ...last], { at: knock.startedAt, call, seconds })
    answer?.done({
      inputTokens: usage?.input,
      outputTokens: usage?.output,
      error: error?.fault.blame === 'provider' ? error : undefined,
    })
    // whoever was not let in leaves no row
    if (!principal) return undefined
    const notes = parties ?? callerNotes({ headers: knock.request.headers, call, principal, rules: lenient })
    const exchange: Exchange = {
      id: knock.id,
      endpoint: knock.endpoint.id,
      startedAt: knock.startedAt,
      firstByteAt,
      endedAt,
      principal,
      model: call?.model ?? '',
      modelGroup: answer?.group,
      deployment: answer && deploymentOf(answer),
      attempts,
      warnings: answer?.compiled.warnings ?? none,
      usage: used,
      cost,
      spend: cost?.total ?? zeroUsd,
      outcome,
      status,
      error: error && { code: error.code, message: error.message },
      stream: call?.stream ?? false,
      tags: notes.tags,
      endUser: notes.endUser,
      payers: parties?.payers && Object.fromEntries(parties.payers.map(({ scope, share }) => [scope.bucket, share])),
      metadata: {
        ...notes.metadata,
        ...(knock.callId !== knock.id && { litellm_call_id: knock.callId }),
        ...(last.some(({ free }) => free) && { single_flight: { payer: answer?.reply.seat?.payer() } }),
        ...(continued.length > 0 && { continued }),
      },
      transcript: transcript.of(call),
    }
    const own = answer && entered.get(answer.deployment.id)
    // what is left was set aside for an attempt that was overtaken
    for (const other of entered.values()) if (other !== own) other.settle({ shares: [], tokens: 0 })
    const setAside = [...earlierEntered, ...(own ? [own] : [])]
    house.ledger.settle(exchange, grant && setAside.reduce(withProvider, grant))
    house.told(exchange)
    return cost
  }

  return {
    caller: (who) => void (principal = who),
    principal: () => principal ?? anonymous,
    tags: () => parties?.tags ?? [],
    region: () => parties?.customer?.region,
    call: (asked) => void (call = asked),
    parties: (named) => void (parties = named),
    granted: (given) => void (grant = given),
    sent() {
      if (principal && call && grant)
        house.ledger.open({
          id: knock.id,
          endpoint: knock.endpoint.id,
          startedAt: knock.startedAt,
          principal,
          parties: parties ?? nobody,
          model: call.model,
          stream: call.stream,
          route: grant.route.group,
          inputTokens: inputEstimate(call),
          buckets: grant.buckets,
        })
    },
    entered(deployment, given) {
      if (given) entered.set(deployment, given)
      else entered.delete(deployment)
    },
    attempt: (attempt) => void attempts.push(attempt),
    answered(given) {
      answer = given
      firstByteAt ??= house.now()
    },
    brokeOff({ usage, serviceTier, error }) {
      if (!answer) return
      earlier.push(...partsOf(answer, { usage, serviceTier, leaving: false }))
      continued.push(answer.deployment.id)
      broken = answer
      const own = entered.get(answer.deployment.id)
      if (own) earlierEntered.push(own)
      entered.delete(answer.deployment.id)
      answer.done({ inputTokens: usage?.input, outputTokens: usage?.output, error })
      const { deployment, group } = answer
      attempts.push({ kind: 'failed', deployment: deployment.id, group, ms: 0, error })
    },
    said: transcript.said,
    upstreamMs: () => attempts.reduce((sum, attempt) => sum + (attempt.kind === 'skipped' ? 0 : attempt.ms), 0),
    settle,
    fail(thrown) {
      const error = isGatewayError(thrown)
        ? thrown
        : new GatewayError('internal', 'Internal server error', { cause: thrown })
      if (error.code === 'internal') house.log(`error ${knock.callId}: ${describe(thrown)}`)
      settle({ outcome: outcomeOf(error), status: error.status, error })
      return error
    },
  }
}

/** One of the answers that an exchange is made of. */
interface Part {
  readonly deployment: Deployment
  readonly usage: Usage | undefined
  readonly serviceTier?: string | undefined
  /** whether somebody else pays for it */
  readonly free?: boolean
}

interface PartEnd extends Pick<Part, 'usage' | 'serviceTier'> {
  readonly leaving: boolean
}

/** The answer, behind those that it overtook: the last part's rates are shown. */
function partsOf(answer: Answer, { usage, serviceTier, leaving }: PartEnd): readonly Part[] {
  const { besides, deployment, reply } = answer
  const own =
    reply.seat?.pays(leaving) === false
      ? { deployment, usage: noUsage, free: true }
      : { deployment, usage, serviceTier }
  return [...(besides?.() ?? []), own]
}

/** What an answer costs that another request is booked with. */
const nothing: Cost = {
  ...{ total: zeroUsd, input: zeroUsd, cacheRead: zeroUsd, cacheWrite: zeroUsd, output: zeroUsd },
  ...{ reasoning: zeroUsd, calls: zeroUsd, incomplete: false, rates: {}, version: 'shared' },
}

/** What all parts used and cost, each at the rates of its own deployment. */
function sumOf(parts: readonly Part[], terms: Omit<CostTerms, 'serviceTier'>): { usage?: Usage; cost?: Cost } {
  const used = parts.flatMap(({ usage }) => usage ?? [])
  const costs = parts.map(({ deployment, usage, serviceTier, free }) =>
    free ? nothing : costOf(usage, deployment, { ...terms, serviceTier }),
  )
  const known = costs.flatMap((cost) => cost ?? [])
  const [first, ...more] = known
  const sum = first && more.reduce(addCosts, first)
  const cost = sum && known.length < costs.length ? { ...sum, incomplete: true } : sum
  return { ...(used.length > 0 && { usage: sumUsage(used) }), ...(cost && { cost }) }
}

/** What provider and deployment set aside for the attempt that answered is settled with all the rest. */
function withProvider(grant: Admitted, entered: SetAside): Admitted {
  return {
    ...grant,
    buckets: [...grant.buckets, ...entered.buckets],
    settle(bill) {
      entered.settle(bill)
      grant.settle({ ...bill, shares: bill.shares.filter(([bucket]) => !entered.claims(bucket)) })
    },
  }
}

/** The rates and the price's edition are those of the later one. */
function addCosts(a: Cost, b: Cost): Cost {
  return {
    ...b,
    total: addUsd(a.total, b.total),
    input: addUsd(a.input, b.input),
    cacheRead: addUsd(a.cacheRead, b.cacheRead),
    cacheWrite: addUsd(a.cacheWrite, b.cacheWrite),
    output: addUsd(a.output, b.output),
    reasoning: addUsd(a.reasoning, b.reasoning),
    calls: addUsd(a.calls, b.calls),
    incomplete: a.incomplete || b.incomplete,
  }
}

const none: readonly Warning[] = []
const lenient = { userHeaders: [], refuseClientTags: false }
const nobody: Parties = { tags: [], metadata: {}, tagRows: [] }

function deploymentOf(answer: Answer): Exchange['deployment'] {
  const { id, provider, model } = answer.deployment
  return { id, provider: provider.name, model, apiBase: apiBaseOf(answer) }
}

/** Base URL of the answering deployment, without a query string. */
export function apiBaseOf(answer: Answer | undefined): string {
  const url = answer?.compiled.url ?? ''
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

function outcomeOf(error: GatewayError): Outcome {
  if (error.code === 'client-gone') return 'abandoned'
  return error.fault.blame === 'caller' && error.code !== 'provider-refused' ? 'refused' : 'failed'
}

/** For the operator's log: the failure's class, message and place, never a request. */
function describe(thrown: unknown): string {
  const cause = isGatewayError(thrown) ? (thrown.detail.cause ?? thrown) : thrown
  return cause instanceof Error
    ? `${cause.name}: ${cause.message}\n${cause.stack?.split('\n').slice(1, 6).join('\n') ?? ''}`
    : String(cause)
}
