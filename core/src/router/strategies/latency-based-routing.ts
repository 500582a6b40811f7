import type { Candidate, Strategy } from './strategy.ts'

/** Fastest first by the mean of a sliding window; the unknown count as fastest, so that they get explored; near ties share by lot. */
export function latencyBasedRouting(lowestLatencyBuffer: number): Strategy {
  return {
    name: 'latency-based-routing',
    rank(candidates, { stream, dice }) {
      const timed = candidates
        .map((candidate) => ({
          candidate,
          latency: mean(
            stream && candidate.firstByteLatencies.length > 0 ? candidate.firstByteLatencies : candidate.latencies,
          ),
        }))
        .sort((a, b) => a.latency - b.latency)
      const bound = (timed[0]?.latency ?? 0) * (1 + lowestLatencyBuffer)
      const near = timed.filter(({ latency }) => latency <= bound)
      const chosen = near[Math.min(near.length - 1, Math.floor(dice() * near.length))]
      const rest = timed.filter((entry) => entry !== chosen)
      return [...(chosen ? [chosen] : []), ...rest].map(({ candidate }): Candidate => candidate)
    },
  }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
