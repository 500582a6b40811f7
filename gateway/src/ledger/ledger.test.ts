import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { type NanoUsd, nanoUsd } from 'turnpike-core/internal/kernel/money'
import { keyBucket } from '../store/ledger/balances.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import type { Exchange } from '../vocabulary/exchange.ts'
import type { Principal, VirtualKey } from '../vocabulary/principal.ts'
import { createLedger } from './create-ledger.ts'
import type { Ledger } from './ledger.ts'
import { rowOf } from './row.ts'
import { verify } from './verify.ts'

const start = Date.UTC(2026, 10, 22, 12)
const usd = nanoUsd

function keyWith(changes: Partial<VirtualKey> = {}): Principal & { kind: 'key' } {
  const key: VirtualKey = {
    hash: 'h1',
    name: 'sk-...abcd',
    models: [],
    aliases: {},
    blocked: false,
    allowedRoutes: [],
    metadata: {},
    tags: [],
    createdAt: 0,
    ...changes,
  }
  return { kind: 'key', key }
}

let exchanges = 0

function exchangeOf(principal: Principal, spend: NanoUsd, changes: Partial<Exchange> = {}): Exchange {
  return {
    id: `exchange-${++exchanges}`,
    endpoint: 'chat.completions',
    startedAt: start,
    endedAt: start + 1,
    principal,
    model: 'gpt-x',
    attempts: [],
    warnings: [],
    spend,
    outcome: 'answered',
    status: 200,
    stream: false,
    tags: [],
    metadata: {},
    ...changes,
  }
}

function refusal(act: () => unknown): GatewayError {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
  }
  throw new Error('it was let in')
}

let store: Store
let ledger: Ledger
let now: number
let errors: number[]

function openLedger(over: Pick<Store, 'ledger' | 'balanceOf'> = store, flushMs = 1): Ledger {
  return createLedger({ store: over, now: () => now, onError: (_, waiting) => errors.push(waiting), flushMs })
}

beforeEach(() => {
  now = start
  errors = []
  store = openSqlite(':memory:')
  ledger = openLedger()
})

afterEach(async () => {
  await ledger.close()
  await store.close()
})

describe('budgets', () => {
  test('of 200 requests at once that may cost $0.10 each, a budget of $1.00 lets in ten and is never passed', async () => {
    const caller = keyWith({ maxBudget: usd(1) })
    const attempts = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index % 3))
        try {
          return ledger.reserve(caller, usd(0.1))
        } catch {
          return undefined
        }
      }),
    )
    const admitted = attempts.filter((reservation) => reservation !== undefined)
    expect(admitted.length).toBe(10)
    for (const reservation of admitted) ledger.settle(exchangeOf(caller, usd(0.1)), reservation)
    expect(ledger.spendOf('h1')).toBe(usd(1))
    refusal(() => ledger.reserve(caller, usd(0.000000001)))
  })

  test('what was set aside and not spent is free at once', () => {
    const caller = keyWith({ maxBudget: usd(1) })
    const first = ledger.reserve(caller, usd(1))
    const error = refusal(() => ledger.reserve(caller, usd(0.5)))
    expect(error.message).toBe(
      'Budget has been exceeded! Key=None (sk-...abcd) Current cost: 0.0, Max budget: 1.0. Running requests may still cost 1.0, and this one up to 0.5',
    )
    expect(error.retryAfterMs).toBe(1000)
    ledger.settle(exchangeOf(caller, usd(0.25)), first)
    ledger.reserve(caller, usd(0.75))
    refusal(() => ledger.reserve(caller, usd(0.01)))
  })

  test('a refusal names key, spend and limit as LiteLLM does', () => {
    const caller = keyWith({ maxBudget: usd(0.5), alias: 'team blue' })
    ledger.settle(exchangeOf(caller, usd(0.5)), undefined)
    const error = refusal(() => ledger.reserve(caller, usd(0.1)))
    expect(error).toMatchObject({ code: 'budget-exceeded', status: 429, detail: { kind: 'budget_exceeded' } })
    expect(error.message).toBe(
      'Budget has been exceeded! Key=team blue (sk-...abcd) Current cost: 0.5, Max budget: 0.5',
    )
  })

  test('a call that is free is let in when the budget is gone', () => {
    const caller = keyWith({ maxBudget: usd(0) })
    ledger.reserve(caller, usd(0))
    refusal(() => ledger.reserve(caller, usd(0.000000001)))
  })

  test('the master and keys without a budget share one reservation of nothing', () => {
    const nothing = ledger.reserve({ kind: 'master' }, usd(5))
    expect(ledger.reserve(keyWith(), usd(5))).toBe(nothing)
    expect(nothing.amount).toBe(usd(0))
  })

  test('settled spend plus reservations never pass the budget, whatever the order', () => {
    const step = fc.record({
      worst: fc.integer({ min: 1, max: 40 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      settles: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const caller = keyWith({ hash: `budget-${++exchanges}`, maxBudget: 100 as NanoUsd })
        const running: (() => void)[] = []
        for (const { worst, share, settles } of steps) {
          try {
            const reservation = ledger.reserve(caller, worst as NanoUsd)
            running.push(() => ledger.settle(exchangeOf(caller, Math.floor(worst * share) as NanoUsd), reservation))
          } catch {}
          if (settles) running.shift()?.()
          expect(ledger.spendOf(caller.key.hash)).toBeLessThanOrEqual(100)
        }
        for (const settle of running) settle()
        const spent = ledger.spendOf(caller.key.hash)
        if (spent < 100) ledger.reserve(caller, (100 - spent) as NanoUsd)
      }),
      { numRuns: 50 },
    )
  })
})

describe('periods', () => {
  const monthly = keyWith({ maxBudget: usd(1), budgetDuration: '30d' })

  test('the first request of the next period is let in without a job, and the refusals before it said when', () => {
    ledger.settle(exchangeOf(monthly, usd(1)), undefined)
    for (let tries = 0; tries < 5; tries++)
      expect(refusal(() => ledger.reserve(monthly, usd(0.1))).retryAfterMs).toBe(Date.UTC(2026, 11, 1) - now)
    now = Date.UTC(2026, 11, 1) - 1
    refusal(() => ledger.reserve(monthly, usd(0.1)))
    now++
    ledger.reserve(monthly, usd(1))
    expect(ledger.spendOf('h1')).toBe(usd(0))
  })

  test('a request that began in one period and ended in the next is booked where it was set aside', async () => {
    const reservation = ledger.reserve(monthly, usd(0.4))
    now = Date.UTC(2026, 11, 2)
    ledger.settle(exchangeOf(monthly, usd(0.3), { endedAt: now }), reservation)
    ledger.reserve(monthly, usd(1))
    await ledger.flush()
    expect(await store.ledger.find({}, 1)).toMatchObject([{ periods: ['key:h1:30d:682'] }])
    expect(store.balanceOf('key:h1:30d:682')).toBe(usd(0.3))
  })

  test('spend is that of the period when the key has one, else of its life', () => {
    ledger.settle(exchangeOf(monthly, usd(0.2)), undefined)
    now = Date.UTC(2026, 11, 2)
    ledger.settle(exchangeOf(monthly, usd(0.3), { startedAt: now }), undefined)
    expect(ledger.spendOf('h1')).toBe(usd(0.3))
    expect(ledger.spendOf('h1', '1d')).toBe(usd(0))
    ledger.settle(exchangeOf(keyWith(), usd(0)), undefined)
    expect(ledger.spendOf('h1')).toBe(usd(0.5))
  })
})

describe('settling', () => {
  test('an exchange is booked once, however often it is told', async () => {
    const caller = keyWith({ maxBudget: usd(1) })
    const reservation = ledger.reserve(caller, usd(1))
    const exchange = exchangeOf(caller, usd(0.4))
    for (let times = 0; times < 3; times++) ledger.settle(exchange, reservation)
    expect(ledger.spendOf('h1')).toBe(usd(0.4))
    ledger.reserve(caller, usd(0.6))
    await ledger.flush()
    ledger.settle(exchange, reservation)
    await ledger.flush()
    expect(store.balanceOf(keyBucket('h1'))).toBe(usd(0.4))
    expect((await store.ledger.find({}, 9)).length).toBe(1)
  })

  test('an exchange that an earlier life has booked is not counted again', async () => {
    const caller = keyWith()
    const exchange = exchangeOf(caller, usd(0.4))
    ledger.settle(exchange, undefined)
    await ledger.flush()
    const next = openLedger()
    next.settle(exchange, undefined)
    await next.close()
    expect(next.spendOf('h1')).toBe(usd(0.4))
    expect(store.balanceOf(keyBucket('h1'))).toBe(usd(0.4))
  })

  test('a restart finds spend and period as they were', async () => {
    const caller = keyWith({ maxBudget: usd(1), budgetDuration: '30d' })
    ledger.settle(exchangeOf(caller, usd(0.7)), undefined)
    await ledger.flush()
    const next = openLedger()
    refusal(() => next.reserve(caller, usd(0.4)))
    next.reserve(caller, usd(0.3))
    expect(next.spendOf('h1', '30d')).toBe(usd(0.7))
    await next.close()
  })

  test('rows are written soon without being asked', async () => {
    ledger.settle(exchangeOf(keyWith(), usd(0.1)), undefined)
    for (let tries = 0; tries < 100 && store.balanceOf('all') === 0; tries++) await Bun.sleep(2)
    expect(store.balanceOf('all')).toBe(usd(0.1))
  })

  test('the master and the unknown have rows too', async () => {
    ledger.settle(exchangeOf({ kind: 'master' }, usd(0.1)), undefined)
    ledger.settle(exchangeOf({ kind: 'anonymous' }, usd(0.2)), undefined)
    await ledger.flush()
    expect(store.balanceOf('key:litellm_proxy_master_key')).toBe(usd(0.1))
    expect(store.balanceOf('key:anonymous')).toBe(usd(0.2))
  })
})

describe('a store that fails', () => {
  /** Fails as often as it is told to; `after` fails when the work is already done, as a connection does that breaks on commit. */
  function failing(when: 'before' | 'after') {
    const state = { left: 0 }
    const rows: Store['ledger'] = {
      ...store.ledger,
      async append(batch) {
        const fails = state.left-- > 0
        if (fails && when === 'before') throw new Error('disk full')
        const fresh = await store.ledger.append(batch)
        if (fails) throw new Error('connection lost')
        return fresh
      },
    }
    return { state, store: { ledger: rows, balanceOf: store.balanceOf } }
  }

  test.each(['before', 'after'] as const)(
    'rows are kept, tried again and counted once when it fails %s writing',
    async (when) => {
      const broken = failing(when)
      broken.state.left = 2
      const over = openLedger(broken.store)
      for (let index = 0; index < 10; index++) over.settle(exchangeOf(keyWith(), usd(0.1)), undefined)
      for (let tries = 0; tries < 200 && broken.state.left >= 0; tries++) await Bun.sleep(2)
      await over.flush()
      expect(errors).toEqual([10, 10])
      expect(over.spendOf('h1')).toBe(usd(1))
      expect(store.balanceOf(keyBucket('h1'))).toBe(usd(1))
      expect(await verify(store)).toEqual({ difference: 0, mismatches: [] })
      await over.close()
    },
  )

  test('budgets hold while nothing can be written, and closing says what was left', async () => {
    const broken = failing('before')
    broken.state.left = Number.POSITIVE_INFINITY
    const over = openLedger(broken.store)
    const caller = keyWith({ maxBudget: usd(1) })
    over.settle(exchangeOf(caller, usd(1)), over.reserve(caller, usd(1)))
    refusal(() => over.reserve(caller, usd(0.1)))
    await expect(over.flush()).rejects.toThrow('disk full')
    await expect(over.close()).rejects.toThrow('1 ledger rows could not be written')
  })
})

describe('L7: sums agree', () => {
  test('Σ ledger = balances = rollups after any mixture, difference exactly 0', async () => {
    for (let index = 0; index < 700; index++) {
      const caller =
        index % 7 === 0
          ? ({ kind: 'master' } as const)
          : keyWith({ hash: `h${index % 5}`, userId: `u${index % 3}`, teamId: 'blue', budgetDuration: '1d' })
      const changes = {
        startedAt: start + index * 600_000,
        tags: index % 2 ? ['a', 'a', 'b'] : [],
        model: `m${index % 4}`,
        outcome: index % 9 ? 'answered' : 'failed',
      } as const
      ledger.settle(exchangeOf(caller, ((index * 7919) % 100_003) as NanoUsd, changes), undefined)
    }
    await ledger.flush()
    expect(await verify(store)).toEqual({ difference: 0, mismatches: [] })
    expect((await store.ledger.find({}, 1000)).length).toBe(700)
    expect(ledger.spendOf('h1', '1d')).toBe(store.balanceOf(`key:h1:1d:${Math.floor(start / 86_400_000)}`))
  })

  test('a balance or a rollup that was tampered with is found', async () => {
    ledger.settle(exchangeOf(keyWith(), usd(0.1)), undefined)
    await ledger.flush()
    const told = await store.ledger.audit()
    const balances = new Map([...told.balances, ['user:ghost', usd(0.2)]])
    const verdict = await verify({
      ledger: { ...store.ledger, audit: async () => ({ ...told, balances, rollups: new Map() }) },
    })
    expect(verdict.mismatches.map(({ what }) => what)).toContain('balance user:ghost')
    expect(verdict.mismatches.filter(({ what }) => what.endsWith(' spend'))).toMatchObject([
      { ledger: usd(0.1), derived: 0 },
    ])
    expect(verdict.difference).toBe(usd(0.3) + 1)
  })
})

describe('a row', () => {
  test('holds no words of the provider, no credentials and no query', () => {
    const error = new GatewayError('provider-failed', 'canary-prompt in the error', { status: 503 })
    const row = rowOf(
      exchangeOf(keyWith(), usd(0.1), {
        deployment: {
          id: 'd',
          provider: 'p',
          model: 'm',
          apiBase: 'https://user:canary-secret@host/v1?key=canary-secret',
        },
        attempts: [{ kind: 'failed', deployment: 'd', group: 'g', ms: 3, error }],
        error: { code: 'provider-failed', message: 'canary-prompt' },
        metadata: { project: 'atlas' },
      }),
      [],
    )
    expect(JSON.stringify(row)).not.toContain('canary')
    expect(row).toMatchObject({
      apiBase: 'https://host/v1',
      errorCode: 'provider-failed',
      metadata: { project: 'atlas' },
      attempts: [{ kind: 'failed', deployment: 'd', group: 'g', ms: 3, code: 'provider-failed', status: 503 }],
    })
  })

  test('of an unknown price has no cost, which is not a cost of 0', () => {
    expect(rowOf(exchangeOf(keyWith(), usd(0)), []).cost).toBeUndefined()
  })
})
