import { byScore, type Score } from './by-score.ts'

/** Those whose own limit of the minute is reached come after all others, should they come at all. */
const overLimit = 2 ** 40

const used: Score = ({ deployment: { rpm, tpm }, tokensThisMinute, requestsThisMinute }) => {
  const over =
    (tpm !== undefined && tokensThisMinute >= tpm) || (rpm !== undefined && requestsThisMinute >= rpm) ? overLimit : 0
  return over + tokensThisMinute
}

/** The fewest tokens used this minute first. */
export const usageBasedRouting = byScore({ name: 'usage-based-routing', score: used })

/** The same under LiteLLM's second name: tokens are counted before the call here in any case. */
export const usageBasedRoutingV2 = byScore({ name: 'usage-based-routing-v2', score: used })
