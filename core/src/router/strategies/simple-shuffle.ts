import type { Candidate, Ranking, Strategy } from './strategy.ts'

/** Random order, weighted by `weight`, else `rpm`, else `tpm`, whichever the first candidate that has any of them names; else even. */
export const simpleShuffle: Strategy = {
  name: 'simple-shuffle',
  first: (candidates, ranking) => candidates[draw(candidates, measureOf(candidates), ranking)],
  rank<C extends Candidate>(candidates: readonly C[], ranking: Ranking): readonly C[] {
    if (candidates.length < 2) return candidates
    const measure = measureOf(candidates)
    const left = [...candidates]
    const out: C[] = []
    while (left.length > 0) out.push(...left.splice(draw(left, measure, ranking), 1))
    return out
  },
}

const measures = ['weight', 'rpm', 'tpm'] as const
type Measure = (typeof measures)[number]

function measureOf(candidates: readonly Candidate[]): Measure | undefined {
  for (const measure of measures)
    for (const { deployment } of candidates) if (deployment[measure] !== undefined) return measure
  return undefined
}

/** The place of one of them by lot. Those of weight zero serve only when no others are left, and are drawn evenly then. */
function draw(candidates: readonly Candidate[], measure: Measure | undefined, { dice }: Ranking): number {
  const last = candidates.length - 1
  let total = 0
  if (measure) for (const { deployment } of candidates) total += Math.max(0, deployment[measure] ?? 0)
  if (!measure || total === 0) return Math.min(last, Math.floor(dice() * candidates.length))
  let lot = dice() * total
  for (let at = 0; at <= last; at++) {
    lot -= Math.max(0, candidates[at]?.deployment[measure] ?? 0)
    if (lot < 0) return at
  }
  return last
}
