import { byScore } from './by-score.ts'

/** The cheapest first; whatever has no known price comes last. */
export const costBasedRouting = byScore({
  name: 'cost-based-routing',
  score: ({ price }) => price ?? Number.POSITIVE_INFINITY,
})
