import { GatewayError } from '../../kernel/faults.ts'
import { limits } from '../health/verdict.ts'
import type { Member, Roster } from '../placing/candidates/roster.ts'

interface Cause {
  readonly word: string
  readonly waitMs: number
  readonly isLimit: boolean
}

/** Until then somebody else's try of a deployment that was out has shown whether it is back. */
const probingMs = 1000

/**
 * Nobody of the group can be asked now: 429 when all of them are out for limits, else 503; with the time of the first to come back.
 */
export function exhausted({ group, members }: Pick<Roster, 'group' | 'members'>, at: number): GatewayError {
  const causes = members.map((member) => causeOf(member, at))
  const retryAfterMs = Math.max(0, Math.min(...causes.map(({ waitMs }) => waitMs)))
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000))
  const counts = new Map<string, number>()
  for (const { word } of causes) counts.set(word, (counts.get(word) ?? 0) + 1)
  const told = [...counts].map(([word, count]) => (count > 1 ? `${word} (${count})` : word)).join(', ')
  return new GatewayError(
    'no-deployment',
    `No deployments available for selected model, Try again in ${seconds} seconds. Passed model=${group.name}. Causes: ${told}.`,
    {
      retryAfterMs,
      model: group.name,
      ...(!causes.every(({ isLimit }) => isLimit) && { status: 503, vendorType: 'overloaded_error' }),
    },
  )
}

function causeOf({ life }: Member, at: number): Cause {
  if (at < life.coolingUntil || life.halfOpen) {
    const word = life.cause ?? 'cooling'
    return { word, waitMs: at < life.coolingUntil ? life.coolingUntil - at : probingMs, isLimit: limits.has(word) }
  }
  return { word: 'over-limit', waitMs: 60_000 - (at % 60_000), isLimit: true }
}
