import { describe, expect, test } from 'bun:test'
import type { Terms } from '../vocabulary/terms.ts'
import type { Payer } from './admission.ts'
import { bucketOf, type ScopeKind } from './scopes.ts'
import { type Asked, callerOf, customerOf, dollars, openScene, settle, tagOf } from './testing/scene.ts'

const anHour = 3_600_000

/** For every scope: a request that falls under it, and the bucket that its money is in. */
const scopes: Readonly<Record<Exclude<ScopeKind, 'proxy'>, { asked(terms: Terms): Asked; bucket: string }>> = {
  api_key: { asked: (terms) => ({ cast: { key: { ...terms, alias: 'mine' } } }), bucket: 'key:hash-of-the-key' },
  user: { asked: (terms) => ({ cast: { user: terms } }), bucket: 'user:ann' },
  team: { asked: (terms) => ({ cast: { team: terms } }), bucket: 'team:red' },
  team_member: { asked: (terms) => ({ cast: { team: {}, user: {}, member: terms } }), bucket: 'team-member:red:ann' },
  organization: { asked: (terms) => ({ cast: { organization: terms } }), bucket: 'organization:acme' },
  end_user: { asked: (terms) => ({ customer: customerOf(terms) }), bucket: 'end-user:eve' },
  tag: { asked: (terms) => ({ tags: [tagOf(terms)] }), bucket: 'tag:blue' },
}

/** LiteLLM's words for each scope. */
const words: Readonly<Record<keyof typeof scopes, string>> = {
  api_key: 'Budget has been exceeded! Key=mine (sk-...abcd) Current cost: 1.0, Max budget: 1.0',
  user: 'ExceededBudget: User=ann over budget. Spend=1.0, Budget=1.0',
  team: 'Budget has been exceeded! Team=red Current cost: 1.0, Max budget: 1.0',
  team_member: 'Budget has been exceeded! User=ann in Team=red Current cost: 1.0, Max budget: 1.0',
  organization: 'Budget has been exceeded! Organization=acme Current cost: 1.0, Max budget: 1.0',
  end_user: 'ExceededBudget: End User=eve over budget. Spend=1.0, Budget=1.0',
  tag: 'Budget has been exceeded! Tag=blue Current cost: 1.0, Max budget: 1.0',
}

const kinds = Object.keys(scopes) as (keyof typeof scopes)[]
const dollar: Terms = { maxBudget: dollars(1) }

describe.each(kinds)('the budget of %s', (kind) => {
  const { asked, bucket } = scopes[kind]

  test('lets in what fits, holds what runs, and refuses what is spent in LiteLLM’s words', () => {
    const { ask, refused, spentIn } = openScene()
    const running = ask({ ...asked(dollar), costs: 0.6 })
    const early = refused({ ...asked(dollar), costs: 0.5 })
    expect(early.message).toContain('Running requests may still cost 0.6, and this one up to 0.5')
    // it may fit again when the other one has ended
    expect([early.code, early.retryAfterMs]).toEqual(['budget-exceeded', 1000])
    settle(running, { usd: 1 })
    expect(spentIn(bucket)).toBe(1)
    const late = refused({ ...asked(dollar), costs: 0.000_000_001 })
    expect(late.message).toBe(words[kind])
    expect([late.status, late.detail.kind, late.retryAfterMs]).toEqual([429, 'budget_exceeded', undefined])
    expect(late.detail.headers).toEqual({ rate_limit_type: 'budget' })
  })

  test('counts what was spent before this process began', () => {
    const { refused, ask } = openScene({}, { [bucket]: 0.9 })
    refused({ ...asked(dollar), costs: 0.2 })
    ask({ ...asked(dollar), costs: 0.1 })
  })

  test('begins anew with its period, which the refusal names', () => {
    const { ask, refused, clock, spentIn } = openScene()
    const daily = asked({ ...dollar, budgetDuration: '1d' })
    const today = ask({ ...daily, costs: 1 })
    expect(today.buckets).toContain(`${bucket}:1d:2026-11-22`)
    settle(today, { usd: 1 })
    const { message, detail, retryAfterMs } = refused(daily)
    expect(message).toBe(`${words[kind]} (per 1d). The budget resets at: 2026-11-23 00:00:00 UTC`)
    expect([detail.headers?.reset_at, retryAfterMs]).toEqual([String(Date.UTC(2026, 10, 23) / 1000), 12 * anHour])
    clock.now += 12 * anHour
    settle(ask({ ...daily, costs: 0.4 }), { usd: 0.4 })
    expect(spentIn(`${bucket}:1d:2026-11-22`)).toBe(1)
    expect(spentIn(`${bucket}:1d:2026-11-23`)).toBe(0.4)
  })

  test('holds several windows at once, each by itself', () => {
    const { ask, refused, clock } = openScene()
    const windows = asked({
      budgetLimits: [
        { duration: '1h', maxBudget: dollars(1) },
        { duration: '1d', maxBudget: dollars(1.5) },
      ],
    })
    settle(ask({ ...windows, costs: 1 }), { usd: 1 })
    expect(refused(windows).message).toContain('(per 1h)')
    clock.now += anHour
    settle(ask({ ...windows, costs: 0.5 }), { usd: 0.5 })
    expect(refused(windows).message).toContain('(per 1d)')
  })

  test('is charged once where a window has the length of the budget, and the tighter of them holds', () => {
    for (const [own, window] of [
      [1, 5],
      [5, 1],
      [1, 1],
    ] as const) {
      const { ask, refused, spentIn } = openScene()
      const both = asked({
        maxBudget: dollars(own),
        budgetDuration: '1d',
        budgetLimits: [{ duration: '1d', maxBudget: dollars(window) }],
      })
      refused({ ...both, costs: 1.1 })
      settle(ask({ ...both, costs: 0.8 }), { usd: 0.8 })
      expect(spentIn(`${bucket}:1d:2026-11-22`)).toBe(0.8)
      refused({ ...both, costs: 0.3 })
      ask({ ...both, costs: 0.2 })
    }
  })

  test('that is soft refuses nobody', () => {
    const { ask } = openScene()
    const soft = asked({ softBudget: dollars(0.1) })
    settle(ask({ ...soft, costs: 5 }), { usd: 5 })
    ask({ ...soft, costs: 5 })
  })

  test('is larger while an increase holds, and not a moment longer', () => {
    const { ask, refused, clock } = openScene()
    const until = clock.now + anHour
    const raised = asked({ ...dollar, tempBudgetIncrease: dollars(0.5), tempBudgetExpiry: until })
    settle(ask({ ...raised, costs: 1.5 }), { usd: 1.2 })
    clock.now = until - 1
    ask({ ...raised, costs: 0.3 }).settle({ spend: dollars(0), tokens: 0, shares: [] })
    clock.now = until
    refused({ ...raised, costs: 0.000_001 })
  })

  test('leaves what is free alone, and refuses what has no price', () => {
    const { ask, refused } = openScene({}, { [bucket]: 7 })
    ask({ ...asked(dollar), costs: 0 })
    const { code, message } = refused({ ...asked(dollar), costs: 'unknown' })
    expect([code, message.includes('price of model=gpt is unknown')]).toEqual(['model-denied', true])
    ask({ ...asked({}), costs: 'unknown' })
    openScene({ allowUnpriced: true }).ask({ ...asked(dollar), costs: 'unknown' })
  })

  test('of nothing lets nothing in that costs', () => {
    const { ask, refused } = openScene()
    refused({ ...asked({ maxBudget: dollars(0) }), costs: 0.000_000_001 })
    ask({ ...asked({ maxBudget: dollars(0) }), costs: 0 })
  })

  test('of one model holds that model, however it is spelt, and no other', () => {
    const { ask, refused, spentIn } = openScene()
    const perModel = asked({ modelMaxBudget: { gpt: { maxBudget: dollars(1), duration: '1d' } } })
    settle(ask({ ...perModel, model: 'openai/gpt', costs: 1 }), { usd: 1 })
    expect(spentIn(`${bucket}/gpt:1d:2026-11-22`)).toBe(1)
    const { message, detail } = refused(perModel)
    expect(message).toMatch(/^LiteLLM .+, exceeded budget for model=gpt\. Current cost: 1\.0, Max budget: 1\.0/)
    expect(detail.model).toBe('gpt')
    ask({ ...perModel, model: 'claude', costs: 100 })
  })

  test('of several models is one pool', () => {
    const { ask, refused, spentIn } = openScene()
    const pool = asked({ modelMaxBudget: { dear: { maxBudget: dollars(1), models: ['gpt', 'claude'] } } })
    settle(ask({ ...pool, model: 'gpt', costs: 0.7 }), { usd: 0.7 })
    const { message, detail } = refused({ ...pool, model: 'claude', costs: 0.4 })
    expect(message).toContain('exceeded budget for model=claude')
    expect(detail.model).toBe('claude')
    expect(spentIn(`${bucket}/dear`)).toBe(0.7)
    ask({ ...pool, model: 'dear', costs: 9 })
  })
})

describe('LiteLLM’s words for a model’s budget', () => {
  const gpt: Terms = { modelMaxBudget: { gpt: { maxBudget: dollars(0) } } }

  test.each([
    ['api_key', 'LiteLLM Virtual Key: hash-of-the-key, key_alias: mine, exceeded budget for model=gpt'],
    ['user', 'LiteLLM User: ann, exceeded budget for model=gpt'],
    ['end_user', 'LiteLLM End User: eve, exceeded budget for model=gpt'],
  ] as const)('of %s', (kind, message) => {
    expect(openScene().refused(scopes[kind].asked(gpt)).message).toStartWith(message)
  })
})

describe('the budget of the whole gateway', () => {
  const proxy: Terms = { maxBudget: dollars(1), budgetDuration: '1d' }

  test('holds everybody, the master too', () => {
    const { ask, refused } = openScene({ proxy })
    settle(ask({ principal: { kind: 'master' }, costs: 0.6 }), { usd: 0.6 })
    settle(ask({ costs: 0.4 }), { usd: 0.4 })
    for (const asked of [{ principal: { kind: 'master' } }, {}] as const)
      expect(refused(asked).message).toStartWith('Budget has been exceeded! Current cost: 1.0, Max budget: 1.0')
  })
})

test('a user’s own budget does not hold for the keys of a team, unless the operator says so', () => {
  const cast = { user: { maxBudget: dollars(0) }, team: {}, member: {} }
  openScene().ask({ cast })
  expect(openScene({ userBudgetOnTeamKeys: true }).refused({ cast }).message).toContain('User=ann over budget')
})

test('a key without a budget is counted all the same, because its spend is shown', () => {
  const { ask, admission, spentIn } = openScene()
  const admitted = ask({ costs: 0.5 })
  expect(admitted.limited).toBe(false)
  settle(admitted, { usd: 0.2 })
  expect(spentIn(bucketOf.api_key('hash-of-the-key'))).toBe(0.2)
  expect(admission.spendOf('hash-of-the-key')).toBe(dollars(0.2))
})

test('all budgets of a request are taken, or none', () => {
  const { ask, refused } = openScene({}, { 'team:red': 0.95 })
  const cast = { key: dollar, team: dollar }
  for (let again = 0; again < 5; again++) expect(refused({ cast, costs: 0.3 }).message).toContain('Team=red')
  ask({ cast: { key: dollar }, costs: 1 })
})

test('a request is settled once, whatever is told later', () => {
  const { ask, spentIn } = openScene()
  const admitted = ask({ cast: { key: dollar }, costs: 0.5 })
  settle(admitted, { usd: 0.1 })
  settle(admitted, { usd: 0.1 })
  expect(spentIn('key:hash-of-the-key')).toBe(0.1)
})

describe('payers', () => {
  const payer = (kind: 'user' | 'tag' | 'end_user' | 'team', id: string, share: number, terms: Terms): Payer => ({
    scope: { kind, id, bucket: bucketOf[kind](id), terms, budgets: true },
    share,
  })

  test('hold their share each, in the place of the caller’s own', () => {
    const { ask, refused, spentIn } = openScene()
    const cast = { user: { maxBudget: dollars(0) } }
    const payers = [payer('user', 'ann', 0.25, dollar), payer('user', 'bob', 0.75, dollar)]
    expect(refused({ cast, payers, costs: 1.4 }).message).toContain('User=bob over budget. Spend=0.0, Budget=1.0')
    settle(ask({ cast, payers, costs: 1.2 }), { usd: 0.4, shares: { 'user:ann': 0.1, 'user:bob': 0.3 } })
    expect([spentIn('user:ann'), spentIn('user:bob')]).toEqual([0.1, 0.3])
    // what is not split still holds: the key pays all of it
    refused({ cast: { key: dollar }, payers, costs: 1.1 })
  })

  test('that are tags or customers stand in for those that the request names, whose limits still hold', () => {
    const { ask, refused, spentIn } = openScene()
    const empty: Terms = { maxBudget: dollars(0), rpmLimit: 1 }
    const asked: Asked = {
      tags: [tagOf(empty), tagOf(empty, 'green')],
      customer: customerOf(empty),
      payers: [payer('tag', 'blue', 0.5, dollar), payer('end_user', 'eve', 0.5, dollar)],
    }
    settle(ask({ ...asked, costs: 1 }), { usd: 1, shares: { 'tag:blue': 0.5, 'end-user:eve': 0.5 } })
    expect([spentIn('tag:blue'), spentIn('end-user:eve'), spentIn('tag:green')]).toEqual([0.5, 0.5, undefined])
    expect(refused(asked).code).toBe('rate-limited')
  })

  test('reserve no less than their shares come to', () => {
    const { refused } = openScene()
    const third = 1 / 3
    const payers = ['a', 'b', 'c'].map((id) => payer('user', id, third, { maxBudget: dollars(0.000_000_003) }))
    expect(refused({ payers, costs: 0.000_000_01 }).code).toBe('budget-exceeded')
  })
})

test('what a caller is held to follows its newest snapshot', () => {
  const { ask, refused } = openScene({}, { 'key:hash-of-the-key': 1 })
  refused({ principal: callerOf({ key: dollar }) })
  ask({ principal: callerOf({ key: { maxBudget: dollars(2) } }) })
})
