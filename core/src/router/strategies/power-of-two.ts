import type { Candidate, Ranking, Strategy } from './strategy.ts'

/** The better of two that are drawn by lot: fewer requests under way, weighed by how long they take of late. */
export const powerOfTwo: Strategy = {
  name: 'power-of-two',
  first: (candidates, ranking) => draw(candidates, ranking)[0],
  rank(candidates, ranking) {
    if (candidates.length < 2) return candidates
    const [better, other] = draw(candidates, ranking)
    const rest = candidates.filter((candidate) => candidate !== better && candidate !== other)
    return better && other ? [better, other, ...rest] : candidates
  },
}

function draw<C extends Candidate>(
  candidates: readonly C[],
  { dice }: Ranking,
): readonly [C | undefined, C | undefined] {
  const count = candidates.length
  if (count < 2) return [candidates[0], undefined]
  const at = Math.min(count - 1, Math.floor(dice() * count))
  const next = (at + 1 + Math.min(count - 2, Math.floor(dice() * (count - 1)))) % count
  const [one, two] = [candidates[at], candidates[next]]
  return one && two && isBetter(two, one) ? [two, one] : [one, two]
}

/** Where one of them has not been timed, the requests under way decide alone. */
function isBetter(one: Candidate, two: Candidate): boolean {
  const timed = one.ewma !== undefined && two.ewma !== undefined
  return load(one, timed) < load(two, timed)
}

function load({ inFlight, ewma = 1 }: Candidate, timed: boolean): number {
  return (inFlight + 1) * (timed ? ewma : 1)
}
