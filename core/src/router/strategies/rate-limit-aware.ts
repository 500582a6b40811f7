import { byScore } from './by-score.ts'

/** The most room under the provider's own limits first, by what its last answer said; one that asked to be left alone comes last. */
export const rateLimitAware = byScore({ name: 'rate-limit-aware', score: ({ headroom }) => 1 - headroom })
