import { GatewayError } from '../kernel/faults.ts'
import type { NanoUsd } from '../kernel/money.ts'

const tolerance = 1e-6
/** Weights as whole numbers of 2^-100: exact for every weight that can move a nano-dollar. */
const scale = 2 ** 100

/**
 * Divides an amount among payers by their weights (`metadata.cost_split`) so that the shares add up to it exactly. Each gets its
 * whole nano-dollars; those left over go to the largest fractions, and among equal fractions to the name that comes first.
 */
export function splitCost(total: NanoUsd, shares: Readonly<Record<string, number>>): Readonly<Record<string, NanoUsd>> {
  const payers = Object.entries(shares).sort(([a], [b]) => (a < b ? -1 : 1))
  checkWeights(payers)
  const weights = payers.map(([, weight]) => BigInt(Math.round(weight * scale)))
  const sum = weights.reduce((a, b) => a + b, 0n)
  const amount = BigInt(Math.abs(total))
  const parts = weights.map((weight, at) => ({
    at,
    whole: (amount * weight) / sum,
    fraction: (amount * weight) % sum,
  }))
  const left = Number(amount - parts.reduce((given, { whole }) => given + whole, 0n))
  // the order of names stays where fractions are equal: the sort is stable
  const favoured = parts.toSorted((a, b) => (a.fraction === b.fraction ? 0 : a.fraction > b.fraction ? -1 : 1))
  const extra = new Set(favoured.slice(0, left).map(({ at }) => at))
  const sign = total < 0 ? -1 : 1
  return Object.fromEntries(
    parts.map(({ at, whole }) => [
      payers[at]?.[0] ?? '',
      (sign * (Number(whole) + (extra.has(at) ? 1 : 0))) as NanoUsd,
    ]),
  )
}

function checkWeights(payers: readonly (readonly [string, number])[]): void {
  const bad = payers.find(([, weight]) => typeof weight !== 'number' || !Number.isFinite(weight) || weight < 0)
  if (bad) throw refused(`the share of ${JSON.stringify(bad[0].slice(0, 80))} is not a number from 0 to 1`)
  const sum = payers.reduce((so, [, weight]) => so + weight, 0)
  if (Math.abs(sum - 1) > tolerance)
    throw refused(payers.length === 0 ? 'it names nobody' : `the shares add up to ${Number(sum.toPrecision(9))}`)
}

function refused(why: string): GatewayError {
  return new GatewayError(
    'invalid-request',
    `metadata.cost_split: ${why}; give every payer a share from 0 to 1 so that they add up to 1, like {"user:a": 0.7, "user:b": 0.3}.`,
    { param: 'metadata.cost_split' },
  )
}
