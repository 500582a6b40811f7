import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { usageOf } from 'turnpike-core/internal/vocabulary/usage'
import { verify } from '../../ledger/verify.ts'
import type { OpenConnection } from '../connections/connection.ts'
import { applyMigrations } from '../migrations/apply.ts'
import { nano, noon } from '../testing/samples.ts'
import { everything, keyBucket, readBalances, sharesOf } from './balances.ts'
import type { LedgerRow } from './row.ts'
import { type LedgerRows, ledgerRowsOf } from './rows.ts'
import { type Rollups, rollupsOf, type SumsQuery } from './sums.ts'

/** A row with every column filled, but for what is said. */
export function sampleRow(id: string, changes: Partial<LedgerRow> = {}): LedgerRow {
  return {
    id,
    endpoint: 'chat.completions',
    startedAt: noon,
    endedAt: noon + 900,
    firstByteMs: 250,
    stream: true,
    keyHash: 'hash-1',
    keyAlias: 'alias-1',
    userId: 'ann',
    teamId: 'blue',
    organizationId: 'acme',
    endUser: 'customer-1',
    tags: ['a', 'b'],
    model: 'fast',
    modelGroup: 'gpt-x',
    deploymentId: 'd-1',
    provider: 'openai',
    providerModel: 'gpt-x-2026',
    apiBase: 'https://api.example.com/v1',
    usage: usageOf({
      fresh: 7,
      cacheRead: 3,
      cacheWrite5m: 2,
      cacheWrite1h: 1,
      audioIn: 4,
      imageIn: 5,
      output: 6,
      reasoning: 2,
      audioOut: 1,
      imageOut: 1,
      calls: { web_search: 2 },
    }),
    cost: nano(1234),
    incomplete: true,
    spend: nano(1234),
    priceVersion: '2026-11-01',
    rates: { input: 2_500_000, output: 10_000_000 },
    requestedTier: 'flex',
    outcome: 'answered',
    status: 200,
    errorCode: 'internal',
    attempts: [{ kind: 'answered', deployment: 'd-1', group: 'gpt-x', ms: 812 }],
    periods: ['key:hash-1:30d:2026-11-01'],
    metadata: { project: 'atlas' },
    ...changes,
  }
}

/** A row with nothing but what a row must have. */
export function bareRow(id: string, changes: Partial<LedgerRow> = {}): LedgerRow {
  return {
    id,
    endpoint: 'messages',
    startedAt: noon,
    endedAt: noon,
    stream: false,
    keyHash: 'hash-2',
    tags: [],
    model: '',
    incomplete: false,
    spend: nano(0),
    outcome: 'refused',
    status: 429,
    attempts: [],
    periods: [],
    metadata: {},
    ...changes,
  }
}

export const agrees = { difference: 0, mismatches: [] }

/** What the ledger must do on every database. `open` gives a new, empty one each time. */
export function ledgerSuite(name: string, open: () => OpenConnection | Promise<OpenConnection>): void {
  describe(name, () => {
    let connection: OpenConnection
    let ledger: LedgerRows
    let rollups: Rollups
    beforeEach(async () => {
      connection = await open()
      await applyMigrations(connection)
      ledger = ledgerRowsOf(connection)
      rollups = rollupsOf(connection)
    })
    afterEach(() => connection.close())

    rowTests(() => ledger)
    bookingTests(() => connection)
    sumsTests(() => ({ ledger, rollups }))
  })
}

function rowTests(ledger: () => LedgerRows): void {
  test('a row comes back as it was put in, with and without its optional members', async () => {
    const shared = sampleRow('shared', { payers: { 'user:ann': nano(1000), 'user:bob': nano(234) } })
    const bare = bareRow('bare', { startedAt: noon - 1 })
    await ledger().append([shared, bare])
    expect(await ledger().find({}, 10)).toEqual([shared, bare])
  })

  test('a row keeps all that its usage can be priced by again', async () => {
    const parts = { cacheRead: 9, cacheReadAudio: 4, cacheReadImage: 2 }
    const measured = sampleRow('measured', { usage: usageOf({ measures: { seconds: 2.125, pages: 3 } }) })
    const cached = sampleRow('cached', { usage: usageOf(parts) })
    const both = sampleRow('both', { usage: usageOf({ ...parts, measures: { citationTokens: 11 } }) })
    const plain = sampleRow('plain')
    const rows = [measured, cached, both, plain]
    await ledger().append(rows)
    for (const row of rows) expect(await ledger().find({ id: row.id }, 1)).toEqual([row])
  })

  test('rows are found by what they say, newest first, in pages, and counted', async () => {
    await ledger().append([
      sampleRow('one', { startedAt: noon + 1 }),
      sampleRow('two', { startedAt: noon + 2, keyHash: 'hash-2', modelGroup: undefined, errorCode: 'rate-limited' }),
      sampleRow('three', { startedAt: noon + 3, userId: 'bob', teamId: 'red', endUser: 'zed', outcome: 'failed' }),
    ])
    const ids = async (query: Parameters<LedgerRows['find']>[0]) => (await ledger().find(query, 9)).map(({ id }) => id)
    expect(await ids({})).toEqual(['three', 'two', 'one'])
    expect((await ledger().find({}, 1, 1)).map(({ id }) => id)).toEqual(['two'])
    expect(await ids({ id: 'one' })).toEqual(['one'])
    expect(await ids({ keyHash: 'hash-2' })).toEqual(['two'])
    expect(await ids({ userId: 'bob', teamId: 'red', endUser: 'zed', outcome: 'failed' })).toEqual(['three'])
    expect(await ids({ model: 'fast' })).toEqual(['two'])
    expect(await ids({ errorCode: 'rate-limited' })).toEqual(['two'])
    expect(await ids({ from: noon + 2, to: noon + 3 })).toEqual(['two'])
    expect(await ledger().count({ teamId: 'blue' })).toBe(2)
  })

  test('days are summed by key, user and model', async () => {
    const day = 86_400_000
    await ledger().append([
      sampleRow('one', { spend: nano(1) }),
      sampleRow('two', { spend: nano(2), startedAt: noon + day / 2 - 1 }),
      sampleRow('three', { spend: nano(4), startedAt: noon + day / 2 }),
    ])
    expect((await ledger().daily({})).map(({ day, spend }) => [day, spend])).toEqual([
      [Math.floor(noon / day), nano(3)],
      [Math.floor(noon / day) + 1, nano(4)],
    ])
  })
}

function bookingTests(connection: () => OpenConnection): void {
  const ledger = () => ledgerRowsOf(connection())
  const balanceOf = async (bucket: string) => (await readBalances(connection(), [bucket])).get(bucket)

  test('a row is booked in every bucket it belongs to, and the append tells what is in them', async () => {
    const row = sampleRow('one')
    const { fresh, balances } = await ledger().append([row])
    expect(fresh).toEqual(new Set(['one']))
    expect(balances).toEqual(new Map(sharesOf(row)))
    const again = await ledger().append([sampleRow('two', { spend: nano(6), tags: [], periods: [] })])
    expect(again.balances.get(everything)).toBe(nano(1240))
    expect(again.balances.get('tag:a')).toBeUndefined()
    expect(await readBalances(connection(), ['all', 'tag:a', 'nobody'])).toEqual(
      new Map([
        ['all', nano(1240)],
        ['tag:a', nano(1234)],
      ]),
    )
  })

  test('an id is booked once ever, within a batch and over batches, and its buckets are told again', async () => {
    const first = await ledger().append([sampleRow('one'), sampleRow('one')])
    expect(first.fresh).toEqual(new Set(['one']))
    const second = await ledger().append([
      sampleRow('one', { spend: nano(5) }),
      bareRow('two', { spend: nano(1), keyHash: 'hash-9' }),
    ])
    expect(second.fresh).toEqual(new Set(['two']))
    expect(second.balances.get('user:ann')).toBe(nano(1234))
    expect(second.balances.get(everything)).toBe(nano(1235))
    expect(await verify({ ledger: ledger() })).toEqual(agrees)
  })

  test('batches of any size are written whole', async () => {
    for (const size of [0, 1, 49, 1500]) {
      const rows = Array.from({ length: size }, (_, index) => sampleRow(`${size}-${index}`, { spend: nano(1) }))
      expect((await ledger().append(rows)).fresh.size).toBe(size)
    }
    expect(await balanceOf(keyBucket('hash-1'))).toBe(nano(1550))
    expect(await verify({ ledger: ledger() })).toEqual(agrees)
  })

  test('payers share the spend exactly, in the place of the caller', async () => {
    await ledger().append([
      sampleRow('one', {
        spend: nano(100),
        payers: { 'user:bob': nano(33), 'user:cy': nano(67) },
        periods: ['user:bob:1d:2026-11-22', 'user:cy/gpt-x:1d:2026-11-22', 'user:ann:1d:2026-11-22', 'team:blue:1d:x'],
      }),
    ])
    const told = [
      'user:ann',
      'user:bob',
      'user:cy',
      'user:bob:1d:2026-11-22',
      'user:cy/gpt-x:1d:2026-11-22',
      'team:blue',
    ]
    expect(await Promise.all([...told, 'user:ann:1d:2026-11-22', 'team:blue:1d:x'].map(balanceOf))).toEqual(
      [undefined, 33, 67, 33, 67, 100, undefined, 100].map((amount) => (amount === undefined ? amount : nano(amount))),
    )
    expect(await verify({ ledger: ledger() })).toEqual(agrees)
  })

  test('a correction without a key moves only the buckets that it names', async () => {
    await ledger().append([sampleRow('one')])
    const reset = { keyHash: '', outcome: 'corrected', spend: nano(-1234), periods: [keyBucket('hash-1')] } as const
    await ledger().append([bareRow('reset', reset)])
    expect(await balanceOf(keyBucket('hash-1'))).toBe(nano(0))
    expect(await balanceOf(everything)).toBe(nano(1234))
    expect(await balanceOf(keyBucket(''))).toBeUndefined()
    expect(await verify({ ledger: ledger() })).toEqual(agrees)
  })

  test('text from outside is text, whatever it is and however long', async () => {
    const nasty = `'; drop table ledger; -- \\u0000 "\\`
    const odd = ['nul \0', 'half \ud83d', 'long '.repeat(2000), 'smile 😀', nasty]
    for (const [index, text] of odd.entries()) {
      const row = bareRow(`odd-${index}`, { model: text, endUser: text, tags: [text], userId: text, spend: nano(1) })
      await ledger().append([row, { ...row, id: `again-${index}`, metadata: { text }, periods: [`user:${text}:1d:x`] }])
    }
    expect(await balanceOf(`end-user:${nasty}`)).toBe(nano(2))
    expect(await balanceOf('tag:smile 😀')).toBe(nano(2))
    expect(await ledger().count({})).toBe(10)
    expect(await verify({ ledger: ledger() })).toEqual(agrees)
  })

  test('sums larger than a 32-bit number stay exact', async () => {
    await ledger().append([
      sampleRow('one', { spend: nano(4_000_000_000_000_001) }),
      sampleRow('two', { spend: nano(2) }),
    ])
    expect(await balanceOf(everything)).toBe(nano(4_000_000_000_000_003))
  })

  test('appends that come at once with overlapping buckets all arrive, each once', async () => {
    const batch = (writer: number, round: number) =>
      Array.from({ length: 20 }, (_, index) => {
        const at = (index * 7 + writer * 3) % 11
        // every row is sent by two of the writers
        return sampleRow(`${Math.floor(writer / 2)}-${round}-${index}`, {
          spend: nano(at + 1),
          userId: `u${at}`,
          tags: [`t${10 - at}`, `t${at}`],
          startedAt: noon + (at % 3) * 3_600_000,
        })
      })
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      let fresh = 0
      for (let round = 0; round < 10; round++) fresh += (await ledger().append(batch(writer, round))).fresh.size
      return fresh
    })
    expect((await Promise.all(writers)).reduce((a, b) => a + b)).toBe(800)
    expect(await ledger().count({})).toBe(800)
    expect(await verify({ ledger: ledger() })).toEqual(agrees)
  })
}

function sumsTests(parts: () => { readonly ledger: LedgerRows; readonly rollups: Rollups }): void {
  const hours = { from: noon - 86_400_000, to: noon + 86_400_000 * 3, limit: 100 }
  const sums = async (query: Partial<SumsQuery>) => await parts().rollups.sums({ ...hours, groupBy: [], ...query })

  test('requests, tokens and spend are summed once for everybody, and once for each whom they belong to', async () => {
    await parts().ledger.append([
      sampleRow('one'),
      sampleRow('two', { outcome: 'failed', startedAt: noon + 3_599_999 }),
      bareRow('three', { outcome: 'lost' }),
      sampleRow('four', { outcome: 'corrected', usage: undefined, spend: nano(-34) }),
    ])
    const both = {
      inputTokens: 44,
      outputTokens: 12,
      cacheReadTokens: 6,
      cacheWriteTokens: 6,
      reasoningTokens: 4,
      spend: nano(2434),
    }
    const everybody = { requests: 3, successes: 1, failures: 2, ...both }
    expect(await sums({})).toEqual({ rows: [everybody], total: 1 })
    for (const [entityKind, entityId] of [
      ['user', 'ann'],
      ['team', 'blue'],
      ['organization', 'acme'],
      ['end-user', 'customer-1'],
      ['tag', 'b'],
    ] as const)
      expect(await sums({ entityKind, entityIds: [entityId], groupBy: ['entityId'] })).toEqual({
        rows: [{ entityId, requests: 2, successes: 1, failures: 1, ...both }],
        total: 1,
      })
    expect((await sums({ groupBy: ['model', 'modelGroup', 'provider', 'endpoint', 'keyHash'] })).rows).toMatchObject([
      { model: '', modelGroup: '', provider: '', endpoint: 'messages', keyHash: 'hash-2', requests: 1 },
      { model: 'gpt-x-2026', modelGroup: 'gpt-x', provider: 'openai', endpoint: 'chat.completions', requests: 2 },
    ])
  })

  test('of several payers each has its share of the spend, and the largest the counts', async () => {
    const payers = { 'user:bob': nano(400), 'user:cy': nano(834) }
    await parts().ledger.append([sampleRow('one', { payers })])
    const { rows } = await sums({ entityKind: 'user', groupBy: ['entityId'] })
    expect(rows.map(({ entityId, requests, inputTokens, spend }) => [entityId, requests, inputTokens, spend])).toEqual([
      ['bob', 0, 0, nano(400)],
      ['cy', 1, 22, nano(834)],
    ])
  })

  test('days begin where the caller is', async () => {
    const midnight = noon + 43_200_000
    await parts().ledger.append([
      sampleRow('one', { startedAt: midnight - 1 }),
      sampleRow('two', { startedAt: midnight }),
      sampleRow('three', { startedAt: midnight + 23 * 3_600_000 }),
    ])
    const first = Math.floor(noon / 86_400_000)
    const days = async (zoneOffsetMinutes: number) =>
      (await sums({ groupBy: ['day'], zoneOffsetMinutes })).rows.map(({ day, requests }) => [day, requests])
    expect(await days(0)).toEqual([
      [first, 1],
      [first + 1, 2],
    ])
    expect(await days(60)).toEqual([
      [first + 1, 2],
      [first + 2, 1],
    ])
    expect(await days(-60)).toEqual([
      [first, 2],
      [first + 1, 1],
    ])
  })

  test('sums are filtered, sorted and paged', async () => {
    const rows = Array.from({ length: 10 }, (_, index) =>
      sampleRow(`r${index}`, { userId: `u${index}`, spend: nano((index * 7) % 10), keyHash: index < 5 ? 'k1' : 'k2' }),
    )
    await parts().ledger.append(rows)
    const users = { entityKind: 'user', groupBy: ['entityId'] } as const
    const page = async (query: Partial<SumsQuery>) => {
      const { rows, total } = await sums({ ...users, ...query })
      return [rows.map(({ entityId }) => entityId).join(' '), total]
    }
    expect(await page({ limit: 3, offset: 8 })).toEqual(['u8 u9', 10])
    expect(await page({ limit: 3, offset: 10 })).toEqual(['', 10])
    expect(await page({ orderBy: 'spend', descending: true, limit: 2 })).toEqual(['u7 u4', 10])
    expect(await page({ keyHash: 'k2', excludeEntityIds: ['u5', 'u6'] })).toEqual(['u7 u8 u9', 3])
    expect(await page({ model: 'gpt-y' })).toEqual(['', 0])
    expect(await page({ entityIds: [] })).toEqual(['', 0])
    expect(await page({ from: noon + 3_600_000 })).toEqual(['', 0])
  })
}
