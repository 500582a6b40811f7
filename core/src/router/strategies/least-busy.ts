import { byScore } from './by-score.ts'

/** The fewest requests under way first. */
export const leastBusy = byScore({ name: 'least-busy', score: ({ inFlight }) => inFlight })
