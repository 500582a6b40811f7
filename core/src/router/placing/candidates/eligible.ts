import type { Call } from '../../../client/call.ts'
import { GatewayError } from '../../../kernel/faults.ts'
import type { RouterSettings } from '../../deployment.ts'
import { unknownModel } from '../../pool.ts'
import type { Asking } from '../../trial.ts'
import { inputTokens, missing, needsOf } from './needs.ts'
import { isWithin } from './region.ts'
import type { Member, Roster } from './roster.ts'
import { byTags } from './tags.ts'

/** A deployment that a call does not go to, and why. */
export interface PassedOver {
  readonly member: Member
  readonly why: 'incapable' | 'not-allowed'
}

/** Who of a group may take a call at all, whatever their health. */
export interface Eligible {
  readonly members: readonly Member[]
  readonly passedOver: readonly PassedOver[]
  /** what to say when nobody may */
  readonly refusal?: GatewayError
}

type Rules = Pick<RouterSettings, 'preCallChecks' | 'tagFiltering' | 'tagMatchAny'>

const none: readonly PassedOver[] = []

/** Leaves out what belongs to another team, lies elsewhere, bears other tags or cannot do what the call needs. */
export function eligible(roster: Roster, call: Call, asking: Asking, rules: Rules): Eligible {
  const checked = roster.owned || asking.region !== undefined || rules.tagFiltering
  if (!checked && !roster.partial && !rules.preCallChecks) return { members: roster.members, passedOver: none }
  const passedOver: PassedOver[] = []
  let members = roster.members
  let refusal: GatewayError | undefined

  function keep(left: readonly Member[], why: PassedOver['why'], refuse: () => GatewayError): void {
    if (left.length === members.length) return
    for (const member of members) if (!left.includes(member)) passedOver.push({ member, why })
    if (left.length === 0) refusal ??= refuse()
    members = left
  }

  const { region, teamId, tags = [] } = asking
  if (roster.owned)
    keep(
      members.filter(({ deployment }) => deployment.teamId === undefined || deployment.teamId === teamId),
      'not-allowed',
      () => unknownModel(call.model),
    )
  if (region !== undefined)
    keep(
      members.filter(({ deployment }) => isWithin(deployment.region, region)),
      'not-allowed',
      () => elsewhere(roster, region),
    )
  if (rules.tagFiltering)
    keep(byTags(members, { tags, matchAny: rules.tagMatchAny }), 'not-allowed', () => otherTags(roster, tags))
  if (asking.mock === undefined) keepCapable()
  return { members, passedOver, ...(refusal && { refusal }) }

  function keepCapable(): void {
    let first: GatewayError | undefined
    const capable = members.filter((member) => {
      const error = incapable(member, call, rules)
      first ??= error
      return !error
    })
    keep(capable, 'incapable', () => first ?? unknownModel(call.model))
  }
}

/** Why this deployment cannot answer the call, if that is certain; its context window only where the settings want it looked at. */
function incapable({ deployment, lacks }: Member, call: Call, { preCallChecks }: Rules): GatewayError | undefined {
  const what = lacks && missing(needsOf(call), lacks)
  const place = { provider: deployment.provider.name, model: deployment.model }
  if (what !== undefined)
    return new GatewayError(
      'unsupported',
      `The model \`${deployment.model}\` takes no ${what}; choose another model or leave that out.`,
      place,
    )
  const window = preCallChecks ? deployment.profile.contextTokens : undefined
  if (window === undefined || inputTokens(call) <= window) return undefined
  return new GatewayError(
    'context-overflow',
    `The input is too long for \`${deployment.model}\`: about ${inputTokens(call)} tokens, where ${window} is the most.`,
    place,
  )
}

function elsewhere({ group }: Roster, region: string): GatewayError {
  return new GatewayError(
    'no-deployment',
    `No deployments available for selected model in the region that this caller may use (${region}). Passed model=${group.name}.`,
    { status: 403, kind: 'permission_error', model: group.name },
  )
}

function otherTags({ group }: Roster, tags: readonly string[]): GatewayError {
  return new GatewayError(
    'model-denied',
    `Not allowed to access model due to tags configuration. Passed model=${group.name} and tags=${JSON.stringify(tags)}.`,
    { status: 401, model: group.name },
  )
}
