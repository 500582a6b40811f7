import { byScore } from './by-score.ts'
import type { Strategy } from './strategy.ts'

/** Fastest first by the mean of a sliding window; the unknown count as fastest, so that they get explored; near ties share by lot. */
export function latencyBasedRouting(lowestLatencyBuffer: number): Strategy {
  return byScore({
    name: 'latency-based-routing',
    buffer: lowestLatencyBuffer,
    score: ({ latency, firstByteLatency }, { stream }) => (stream ? firstByteLatency : undefined) ?? latency ?? 0,
  })
}
