import { periodAt } from '../../../admission/periods.ts'
import type { House } from '../../../house.ts'
import type { Terms } from '../../../vocabulary/terms.ts'

/** The bucket of a budget's current period; the bucket itself where it has none. */
export function periodBucket(
  house: Pick<House, 'config' | 'now'>,
  bucket: string,
  duration: string | undefined,
): string {
  if (duration === undefined) return bucket
  const period = periodAt(house.config.governance.budgets.clock)(duration, house.now())
  return period ? `${bucket}:${duration}:${period.name}` : bucket
}

/** Every bucket that the budgets of a key count in right now, with that of all it ever spent. */
export function bucketsOf(house: Pick<House, 'config' | 'now'>, bucket: string, terms: Terms): readonly string[] {
  const windows = (terms.budgetLimits ?? []).map(({ duration }) => periodBucket(house, bucket, duration))
  const models = Object.entries(terms.modelMaxBudget ?? {}).map(([name, { duration }]) =>
    periodBucket(house, `${bucket}/${name}`, duration),
  )
  return [...new Set([bucket, periodBucket(house, bucket, terms.budgetDuration), ...windows, ...models])]
}
