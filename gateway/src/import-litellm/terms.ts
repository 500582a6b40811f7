import type { Json, JsonObject, MutableJsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { termFields, withTerms } from '../admin/terms.ts'
import type { Terms } from '../vocabulary/terms.ts'
import { saysNothing } from './columns.ts'
import type { Tally } from './report.ts'

const body = z.object(termFields)
const money: ReadonlySet<string> = new Set(['max_budget', 'soft_budget', 'temp_budget_increase'])
const counts: ReadonlySet<string> = new Set(['rpm_limit', 'tpm_limit', 'max_parallel_requests'])

/** The largest budget that is exact in nano-dollars. */
const mostUsd = 9_000_000

/** A value with the terms of a row: its columns, and what stands in its metadata. What cannot be read is told and left out. */
export function withTermsOf<T extends Terms>(
  value: T,
  fields: JsonObject,
  { tally, id }: { tally: Tally; id: string },
): T {
  const readable: MutableJsonObject = {}
  for (const [name, shape] of Object.entries(termFields)) {
    const given = fields[name]
    if (saysNothing(given)) continue
    const fitted = fit(name, given as Json)
    if (!shape.safeParse(fitted).success) {
      tally.left(`${name} (cannot be read)`, id)
      continue
    }
    if (fitted !== given) tally.adjust(`${name} is brought between 0 and what can be counted exactly`, id)
    readable[name] = fitted
  }
  if (readable.temp_budget_increase !== undefined && readable.temp_budget_expiry === undefined) {
    delete readable.temp_budget_increase
    tally.left('temp_budget_increase (without temp_budget_expiry)', id)
  }
  if (readable.budget_limits !== undefined)
    tally.adjust('windows of budget_limits begin at 0: LiteLLM keeps their spend in its cache', id)
  return withTerms(value, body.parse(readable))
}

/** A limit beyond what can be counted stays a limit: to leave it out would open what it closes. */
function fit(name: string, given: Json): Json {
  if (typeof given !== 'number') return given
  if (money.has(name)) return Math.min(Math.max(given, 0), mostUsd)
  if (counts.has(name)) return Math.min(Math.max(given, 0), Number.MAX_SAFE_INTEGER)
  return given
}
