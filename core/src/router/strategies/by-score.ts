import type { Candidate, Ranking, Strategy } from './strategy.ts'

/** What a candidate scores: the lowest is tried first. */
export type Score = (candidate: Candidate, ranking: Ranking) => number

export interface Scoring {
  readonly name: string
  readonly score: Score
  /** scores up to the lowest times one plus this count as equal to it */
  readonly buffer?: number
}

/** A strategy that tries the lowest score first, by lot among those that share it, and then the others as they score. */
export function byScore({ name, score, buffer = 0 }: Scoring): Strategy {
  function first<C extends Candidate>(candidates: readonly C[], ranking: Ranking): C | undefined {
    if (candidates.length < 2) return candidates[0]
    let lowest = Number.POSITIVE_INFINITY
    let near = 0
    for (const candidate of candidates) {
      const its = score(candidate, ranking)
      if (its < lowest) near = 0
      if (its <= lowest) near++
      lowest = Math.min(lowest, its)
    }
    const bound = lowest * (1 + buffer)
    if (bound > lowest) near = candidates.filter((candidate) => score(candidate, ranking) <= bound).length
    let lot = Math.floor(ranking.dice() * near)
    for (const candidate of candidates) if (score(candidate, ranking) <= bound && lot-- === 0) return candidate
    return candidates[0]
  }

  return {
    name,
    first,
    rank<C extends Candidate>(candidates: readonly C[], ranking: Ranking): readonly C[] {
      if (candidates.length < 2) return candidates
      const chosen = first(candidates, ranking)
      const rest = candidates
        .filter((candidate) => candidate !== chosen)
        .map((candidate) => ({ candidate, score: score(candidate, ranking) }))
        .sort((a, b) => (a.score === b.score ? 0 : a.score - b.score))
        .map(({ candidate }) => candidate)
      return chosen ? [chosen, ...rest] : rest
    },
  }
}
