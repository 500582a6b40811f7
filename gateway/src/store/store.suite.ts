import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { NanoUsd } from 'turnpike-core/internal/kernel/money'
import { usageOf } from 'turnpike-core/internal/vocabulary/usage'
import type { VirtualKey } from '../vocabulary/principal.ts'
import { bucketsOf, everything, keyBucket } from './balances.ts'
import type { StoredKey } from './keys.ts'
import type { LedgerRow } from './ledger-row.ts'
import type { Store } from './store.ts'

export const nano = (amount: number) => amount as NanoUsd

const noon = Date.UTC(2026, 10, 22, 12)

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
    outcome: 'answered',
    status: 200,
    errorCode: 'internal',
    attempts: [{ kind: 'answered', deployment: 'd-1', group: 'gpt-x', ms: 812 }],
    periods: ['key:hash-1:30d:682'],
    metadata: { project: 'atlas' },
    ...changes,
  }
}

export function sampleKey(hash: string, changes: Partial<VirtualKey> = {}): StoredKey {
  const key: VirtualKey = {
    hash,
    name: 'sk-...abcd',
    models: ['all-proxy-models'],
    aliases: {},
    blocked: false,
    allowedRoutes: [],
    metadata: {},
    tags: [],
    createdAt: noon,
    ...changes,
  }
  return { key, extra: {}, createdBy: 'default_user_id', updatedAt: noon, updatedBy: 'default_user_id' }
}

/** What every store must do. `open` gives a new, empty one each time. */
export function storeSuite(name: string, open: () => Store | Promise<Store>): void {
  describe(name, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    keySuite(() => store)
    ledgerSuite(() => store)
    derivedSuite(() => store)
  })
}

function keySuite(store: () => Store): void {
  test('a key comes back as it was put in, with and without its optional members', async () => {
    const full: StoredKey = {
      ...sampleKey('h1', {
        alias: 'first',
        models: ['gpt-x', 'openai/*'],
        aliases: { fast: 'gpt-x' },
        userId: 'ann',
        teamId: 'blue',
        organizationId: 'acme',
        maxBudget: nano(1_500_000_000),
        budgetDuration: '30d',
        expiresAt: noon + 1,
        blocked: true,
        allowedRoutes: ['/v1/models'],
        rpmLimit: 0,
        tpmLimit: 10,
        maxParallelRequests: 2,
        metadata: { tags: ['x', 'y'], note: { deep: [1] } },
        tags: ['x', 'y'],
      }),
      extra: { soft_budget: 0.5 },
    }
    expect(await store().keys.insert(full)).toBe('inserted')
    expect(await store().keys.find('h1')).toEqual(full)
    expect(await store().keys.findByAlias('first')).toEqual(full)
    await store().keys.insert(sampleKey('h2'))
    expect(await store().keys.find('h2')).toEqual(sampleKey('h2'))
    expect(await store().keys.find('h3')).toBeUndefined()
  })

  test('a hash and an alias are taken once', async () => {
    const { keys } = store()
    await keys.insert(sampleKey('h1', { alias: 'first' }))
    expect(await keys.insert(sampleKey('h1'))).toBe('hash-taken')
    expect(await keys.insert(sampleKey('h2', { alias: 'first' }))).toBe('alias-taken')
    expect(await Promise.all(['h3', 'h4'].map((hash) => keys.insert(sampleKey(hash, { alias: 'second' }))))).toEqual([
      'inserted',
      'alias-taken',
    ])
  })

  test('changes that come at once are done one after the other', async () => {
    const { keys } = store()
    await keys.insert(sampleKey('h1', { rpmLimit: 0 }))
    const grow = (stored: StoredKey) => ({
      ...stored,
      key: { ...stored.key, rpmLimit: (stored.key.rpmLimit ?? 0) + 1 },
    })
    await Promise.all(Array.from({ length: 20 }, () => keys.change('h1', grow)))
    expect((await keys.find('h1'))?.key.rpmLimit).toBe(20)
    expect(await keys.change('nobody', grow)).toBeUndefined()
  })

  test('a change to an alias that another key has is not made', async () => {
    const { keys } = store()
    await keys.insert(sampleKey('h1', { alias: 'first' }))
    await keys.insert(sampleKey('h2'))
    const rename = (stored: StoredKey) => ({ ...stored, key: { ...stored.key, alias: 'first' } })
    expect(await keys.change('h2', rename)).toBe('alias-taken')
    expect((await keys.find('h2'))?.key.alias).toBeUndefined()
    expect(await keys.change('h1', rename)).toMatchObject({ key: { alias: 'first' } })
  })

  test('removing gives back what was there', async () => {
    const { keys } = store()
    await keys.insert(sampleKey('h1'))
    await keys.insert(sampleKey('h2'))
    expect(await keys.remove(['h1', 'nobody'])).toEqual([sampleKey('h1')])
    expect(await keys.find('h1')).toBeUndefined()
    expect(await keys.remove([])).toEqual([])
    expect((await keys.list({ limit: 10, offset: 0 })).total).toBe(1)
  })

  test('listing filters, sorts and pages', async () => {
    const { keys, ledger } = store()
    for (const [index, hash] of ['a', 'b', 'c', 'd'].entries())
      await keys.insert(
        sampleKey(hash, { createdAt: noon + index, userId: index < 3 ? 'ann' : 'bob', maxBudget: nano(100 - index) }),
      )
    await ledger.append([sampleRow('r', { keyHash: 'b', periods: [] })])
    const hashes = async (query: object) =>
      (await keys.list({ limit: 10, offset: 0, ...query })).rows.map(({ key }) => key.hash).join('')
    expect(await hashes({})).toBe('abcd')
    expect(await hashes({ orderBy: 'token', descending: true })).toBe('dcba')
    expect(await hashes({ orderBy: 'max_budget' })).toBe('dcba')
    expect(await hashes({ orderBy: 'spend', descending: true })).toBe('bacd')
    expect(await hashes({ userId: 'ann', limit: 2, offset: 1 })).toBe('bc')
    expect(await keys.list({ userId: 'ann', limit: 2, offset: 2 })).toMatchObject({
      total: 3,
      rows: [{ key: { hash: 'c' } }],
    })
  })
}

function ledgerSuite(store: () => Store): void {
  test('a row comes back as it was put in, with and without its optional members', async () => {
    const full = sampleRow('full')
    const bare: LedgerRow = {
      id: 'bare',
      endpoint: 'messages',
      startedAt: noon - 1,
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
    }
    await store().ledger.append([full, bare])
    expect(await store().ledger.find({}, 10)).toEqual([full, bare])
  })

  test('rows are found by id, key, user and time, newest first', async () => {
    const { ledger } = store()
    await ledger.append([
      sampleRow('one', { startedAt: noon + 1 }),
      sampleRow('two', { startedAt: noon + 2, keyHash: 'hash-2' }),
      sampleRow('three', { startedAt: noon + 3, userId: 'bob' }),
    ])
    const ids = async (query: object, limit = 10) => (await ledger.find(query, limit)).map(({ id }) => id)
    expect(await ids({})).toEqual(['three', 'two', 'one'])
    expect(await ids({}, 2)).toEqual(['three', 'two'])
    expect(await ids({ id: 'one' })).toEqual(['one'])
    expect(await ids({ keyHash: 'hash-2' })).toEqual(['two'])
    expect(await ids({ userId: 'bob' })).toEqual(['three'])
    expect(await ids({ from: noon + 2, to: noon + 3 })).toEqual(['two'])
  })

  test('days are summed by key, user and model', async () => {
    const { ledger } = store()
    const day = 86_400_000
    await ledger.append([
      sampleRow('one', { spend: nano(1) }),
      sampleRow('two', { spend: nano(2), startedAt: noon + day / 2 - 1 }),
      sampleRow('three', { spend: nano(4), startedAt: noon + day / 2 }),
    ])
    expect((await ledger.daily({})).map(({ day, spend }) => [day, spend])).toEqual([
      [Math.floor(noon / day), nano(3)],
      [Math.floor(noon / day) + 1, nano(4)],
    ])
  })
}

function derivedSuite(store: () => Store): void {
  test('a row is booked in every bucket it belongs to, in the same transaction', async () => {
    const row = sampleRow('one')
    await store().ledger.append([row])
    const buckets = bucketsOf(row)
    expect(buckets).toEqual([
      'all',
      'key:hash-1',
      'key:hash-1:30d:682',
      'user:ann',
      'team:blue',
      'organization:acme',
      'end-user:customer-1',
      'tag:a',
      'tag:b',
    ])
    for (const bucket of buckets) expect(store().balanceOf(bucket)).toBe(nano(1234))
    expect(store().balanceOf('key:nobody')).toBe(nano(0))
  })

  test('an id is booked once ever, within a batch and over batches', async () => {
    const { ledger } = store()
    expect(await ledger.append([sampleRow('one'), sampleRow('one')])).toEqual(new Set(['one']))
    expect(await ledger.append([sampleRow('one', { spend: nano(5) }), sampleRow('two')])).toEqual(new Set(['two']))
    expect(store().balanceOf(everything)).toBe(nano(2468))
    expect((await store().rollups.between(0, noon * 2)).map(({ requests }) => requests)).toEqual([2])
  })

  test('batches of any size are written whole', async () => {
    const { ledger } = store()
    for (const size of [0, 1, 49, 50, 51, 137]) {
      const rows = Array.from({ length: size }, (_, index) => sampleRow(`${size}-${index}`, { spend: nano(1) }))
      expect((await ledger.append(rows)).size).toBe(size)
    }
    expect(store().balanceOf(keyBucket('hash-1'))).toBe(nano(0 + 1 + 49 + 50 + 51 + 137))
  })

  test('hours are rolled up by key, model and provider', async () => {
    await store().ledger.append([
      sampleRow('one'),
      sampleRow('two', { startedAt: noon + 3_599_999, outcome: 'failed' }),
      sampleRow('three', { startedAt: noon + 3_600_000 }),
      sampleRow('four', { provider: 'azure' }),
    ])
    const rollups = await store().rollups.between(noon, noon + 3_600_000)
    expect(rollups.toSorted((a, b) => a.provider.localeCompare(b.provider))).toEqual([
      {
        hour: noon,
        keyHash: 'hash-1',
        model: 'gpt-x',
        provider: 'azure',
        requests: 1,
        failures: 0,
        inputTokens: 22,
        outputTokens: 6,
        cacheReadTokens: 3,
        cacheWriteTokens: 3,
        spend: nano(1234),
      },
      {
        hour: noon,
        keyHash: 'hash-1',
        model: 'gpt-x',
        provider: 'openai',
        requests: 2,
        failures: 1,
        inputTokens: 44,
        outputTokens: 12,
        cacheReadTokens: 6,
        cacheWriteTokens: 6,
        spend: nano(2468),
      },
    ])
  })

  test('text from outside is data, never SQL', async () => {
    const nasty = `'; drop table ledger; --`
    await store().ledger.append([sampleRow(nasty, { model: nasty, tags: [nasty], userId: nasty })])
    expect(await store().ledger.find({ id: nasty, userId: nasty }, 1)).toMatchObject([{ model: nasty, tags: [nasty] }])
    expect(store().balanceOf(`tag:${nasty}`)).toBe(nano(1234))
    expect(await store().keys.findByAlias(nasty)).toBeUndefined()
  })

  test('sums larger than a 32-bit number stay exact', async () => {
    await store().ledger.append([
      sampleRow('one', { spend: nano(4_000_000_000_000_001) }),
      sampleRow('two', { spend: nano(2) }),
    ])
    expect(store().balanceOf(everything)).toBe(nano(4_000_000_000_000_003))
  })
}
