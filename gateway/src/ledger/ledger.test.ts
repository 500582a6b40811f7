import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { picoUsd } from 'turnpike-core/internal/kernel/money'
import { cost } from 'turnpike-core/internal/models/cost'
import { noUsage } from 'turnpike-core/internal/vocabulary/usage'
import type { Bill } from '../admission/admission.ts'
import { customerScope, tagScope } from '../admission/scopes.ts'
import { createMemoryJournal } from '../journal/memory-journal.ts'
import { createMemoryShared } from '../shared/memory.ts'
import type { LedgerRow } from '../store/ledger/row.ts'
import { openSqlite, type SqliteStore } from '../store/sqlite.ts'
import type { Exchange } from '../vocabulary/exchange.ts'
import type { Principal } from '../vocabulary/principal.ts'
import { createBooking } from './booking.ts'
import { createLedger, tokenCounter } from './create-ledger.ts'
import type { Ledger } from './ledger.ts'
import { lostRow, stubOf } from './lost.ts'

const noon = Date.UTC(2026, 10, 22, 12)

const ann: Principal = {
  kind: 'key',
  key: {
    hash: 'h1',
    name: 'sk-...0001',
    alias: 'ann-laptop',
    models: ['all-proxy-models'],
    aliases: {},
    userId: 'ann',
    teamId: 'red',
    blocked: false,
    allowedRoutes: [],
    allowedIps: [],
    enforcedParams: [],
    metadata: {},
    tags: [],
    createdAt: 0,
  },
  role: 'internal_user',
  administers: { teams: [], organizations: [] },
  teamIds: ['red'],
}

function exchangeOf(id: string, changes: Partial<Exchange> = {}): Exchange {
  return {
    id,
    endpoint: 'chat.completions',
    startedAt: noon,
    endedAt: noon + 100,
    principal: ann,
    model: 'gpt',
    attempts: [],
    warnings: [],
    spend: 1000 as NanoUsd,
    outcome: 'answered',
    status: 200,
    stream: false,
    tags: [],
    metadata: {},
    ...changes,
  }
}

let store: SqliteStore
let ledger: Ledger
const shared = () => createMemoryShared({ balanceOf: (bucket) => store.balanceOf(bucket), now: () => noon })

beforeEach(async () => {
  store = await openSqlite(':memory:')
  const booking = createBooking(store, shared())
  ledger = createLedger({
    journal: createMemoryJournal<LedgerRow>({ write: booking.write, onError: () => {}, flushMs: 1 }),
    countedTokens: tokenCounter('total'),
  })
})
afterEach(async () => {
  await ledger.close()
  await store.close()
})

describe('an exchange that ended', () => {
  test('is one row, and money in the buckets of everybody whom it concerns', async () => {
    ledger.settle(exchangeOf('a', { tags: ['x', 'y'], endUser: 'visitor' }), undefined)
    expect(ledger.waiting()).toBe(1)
    await ledger.flush()
    expect(ledger.waiting()).toBe(0)
    const buckets = [
      'all',
      'key:h1',
      'user:ann',
      'team:red',
      'team-member:red:ann',
      'end-user:visitor',
      'tag:x',
      'tag:y',
    ]
    for (const bucket of buckets) expect(store.balanceOf(bucket), bucket).toBe(1000 as NanoUsd)
  })

  test('is booked once, however often it is settled', async () => {
    for (let i = 0; i < 3; i++) ledger.settle(exchangeOf('a'), undefined)
    await ledger.flush()
    expect(store.balanceOf('all')).toBe(1000 as NanoUsd)
  })

  test('that several pay for is shared among them to the nano-dollar, in the place of the caller', async () => {
    ledger.settle(exchangeOf('a', { payers: { 'user:ann': 1 / 3, 'user:bob': 1 / 3, 'user:cem': 1 / 3 } }), undefined)
    await ledger.flush()
    const shares = ['ann', 'bob', 'cem'].map((name) => store.balanceOf(`user:${name}`))
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(1000)
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
    expect(store.balanceOf('team:red')).toBe(1000 as NanoUsd)
  })

  test('is settled in the very buckets that it is booked in, however long a name is', async () => {
    const endUser = `visitor ${'x'.repeat(300)}`
    let shares: readonly (readonly [string, NanoUsd])[] = []
    const admitted = { headers: {}, limited: true, buckets: [], settle: (bill: Bill) => void (shares = bill.shares) }
    ledger.settle(exchangeOf('a', { endUser, tags: [endUser] }), admitted)
    await ledger.flush()
    for (const [bucket, amount] of shares) expect(store.balanceOf(bucket), bucket).toBe(amount)
    const claimed = [customerScope({ id: endUser, blocked: false }), tagScope({ id: endUser, models: [] })]
    for (const { bucket } of claimed) expect(store.balanceOf(bucket), bucket).toBe(1000 as NanoUsd)
  })

  test('gives back what was set aside, with what it really came to', () => {
    const bills: unknown[] = []
    const admitted = {
      headers: {},
      limited: true,
      buckets: ['key:h1:1d:2026-11-22'],
      settle: (bill: unknown) => void bills.push(bill),
    }
    const usage = { ...noUsage, input: 100, fresh: 60, cacheRead: 40, output: 7, source: 'provider' as const }
    ledger.settle(exchangeOf('a', { usage }), admitted)
    ledger.settle(exchangeOf('a', { usage }), admitted)
    expect(bills).toHaveLength(1)
    expect(bills[0]).toMatchObject({ spend: 1000, tokens: 67 })
  })
})

test.each([
  ['total', 67],
  ['input', 60],
  ['output', 7],
] as const)('tokens that count as %s leave out what a cache gave', (kind, tokens) => {
  expect(tokenCounter(kind)({ ...noUsage, input: 100, fresh: 60, cacheRead: 40, output: 7 })).toBe(tokens)
})

describe('an exchange whose process died', () => {
  test('is booked as lost, with its input at the price of the deployment it went to', () => {
    const stub = stubOf({
      id: 'a',
      endpoint: 'chat.completions',
      startedAt: noon,
      principal: ann,
      parties: { tags: ['x'], endUser: 'visitor', metadata: {} },
      model: 'gpt',
      stream: true,
      route: { name: 'gpt', deployments: [] },
      inputTokens: 2000,
      buckets: ['key:h1:1d:2026-11-22'],
    })
    const onDisk = JSON.parse(JSON.stringify(stub))
    const price = { rates: { input: picoUsd(0.000_001) }, version: 'v1' }
    const row = lostRow(onDisk, noon + 5000, (_, usage) => cost(usage, price))
    expect(row).toMatchObject({
      id: 'a',
      outcome: 'lost',
      spend: 2_000_000,
      usage: { input: 2000, output: 0, source: 'counted' },
      keyHash: 'h1',
      userId: 'ann',
      endUser: 'visitor',
      periods: ['key:h1:1d:2026-11-22'],
    })
  })

  test('of which nobody knows the price is a row without money, to be priced later', () => {
    const row = lostRow({ id: 'a', inputTokens: 5, tags: [], periods: [], metadata: {} }, noon, () => undefined)
    expect(row).toMatchObject({ spend: 0, cost: undefined, outcome: 'lost' })
  })
})
