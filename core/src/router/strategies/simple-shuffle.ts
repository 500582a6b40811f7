import type { Candidate, Strategy } from './strategy.ts'

/** Random order, weighted by `weight`, else `rpm`, else `tpm`, whichever the first candidate that has any of them names; else even. */
export const simpleShuffle: Strategy = {
  name: 'simple-shuffle',
  rank(candidates, { dice }) {
    if (candidates.length < 2) return candidates
    const measure = measures.find((field) => candidates.some(({ deployment }) => deployment[field] !== undefined))
    return drawAll(candidates, (candidate) => (measure ? (candidate.deployment[measure] ?? 0) : 1), dice)
  },
}

const measures = ['weight', 'rpm', 'tpm'] as const

/** Draws without replacement; those of weight zero come last, in even random order, so that they serve when all others failed. */
function drawAll(
  candidates: readonly Candidate[],
  weigh: (candidate: Candidate) => number,
  dice: () => number,
): Candidate[] {
  const left = candidates.map((candidate) => ({ candidate, weight: Math.max(0, weigh(candidate)) }))
  const out: Candidate[] = []
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0)
    let lot = dice() * (total > 0 ? total : left.length)
    let at = left.findIndex(({ weight }) => {
      lot -= total > 0 ? weight : 1
      return lot < 0
    })
    if (at < 0) at = left.length - 1
    out.push(...left.splice(at, 1).map(({ candidate }) => candidate))
  }
  return out
}
