import { type Duration, type ResetClock, readDuration } from '../vocabulary/duration.ts'
import { periodAt as periodOf } from '../vocabulary/period.ts'
import type { PeriodAt } from './claims.ts'

const read = new Map<string, Duration | undefined>()

/** Finds periods by a clock from durations as they are written. */
export function periodAt(clock: ResetClock): PeriodAt {
  return (text, time) => {
    const duration = durationOf(text)
    return duration && periodOf(duration, time, clock)
  }
}

function durationOf(text: string): Duration | undefined {
  if (!read.has(text)) {
    if (read.size > 1000) read.clear()
    read.set(text, readDuration(text))
  }
  return read.get(text)
}
