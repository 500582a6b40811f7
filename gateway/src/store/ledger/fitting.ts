import { createHash } from 'node:crypto'
import type { LedgerRow } from './row.ts'

/** so that the names of one rollup fit into one key of a Postgres index, which holds 2,704 bytes */
const longestName = 200
const longestBucket = 800

// a NUL, which Postgres does not take in a text, and halves of surrogate pairs, which are no text at all
const odd = /[\0\ud800-\udfff]/

/** The text as every store can keep it: what is too long ends in a hash of the whole, so that two of them stay two. */
export function fit(text: string, longest = longestName): string {
  if (text.length <= longest && !odd.test(text)) return text
  const clean = plain(text)
  if (clean.length <= longest) return clean
  const mark = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return `${plain(clean.slice(0, longest - 18))}~${mark}`
}

/** The text without what no store can keep as text. */
export function plain(text: string): string {
  return odd.test(text) ? text.replaceAll('\0', '\ufffd').replace(/\p{Surrogate}/gu, '\ufffd') : text
}

const fits = (text: string | undefined): boolean => text === undefined || fit(text) === text
const bucketFits = (bucket: string): boolean => fit(bucket, longestBucket) === bucket

/** The row with every name that came from a caller as all stores can keep and index it; nearly always the row itself. */
export function fitting(row: LedgerRow): LedgerRow {
  const names = fits(row.model) && fits(row.endUser) && fits(row.userId) && fits(row.teamId) && fits(row.organizationId)
  const labels = fits(row.keyAlias) && fits(row.modelGroup) && fits(row.providerModel) && fits(row.requestedTier)
  if (names && labels && row.tags.every(fits) && row.periods.every(bucketFits) && payersFit(row)) return row
  return {
    ...row,
    model: fit(row.model),
    endUser: maybe(row.endUser),
    userId: maybe(row.userId),
    teamId: maybe(row.teamId),
    organizationId: maybe(row.organizationId),
    keyAlias: maybe(row.keyAlias),
    modelGroup: maybe(row.modelGroup),
    providerModel: maybe(row.providerModel),
    requestedTier: maybe(row.requestedTier),
    tags: row.tags.map((tag) => fit(tag)),
    periods: row.periods.map((bucket) => fit(bucket, longestBucket)),
    payers:
      row.payers && Object.fromEntries(Object.entries(row.payers).map(([name, share]) => [fitPayer(name), share])),
  }
}

function maybe(text: string | undefined): string | undefined {
  return text === undefined ? undefined : fit(text)
}

function payersFit({ payers }: LedgerRow): boolean {
  for (const name in payers) if (fitPayer(name) !== name) return false
  return true
}

/** A payer's id is a name of its own within its bucket. */
function fitPayer(bucket: string): string {
  const at = bucket.indexOf(':') + 1
  return fit(bucket.slice(0, at)) + fit(bucket.slice(at))
}
