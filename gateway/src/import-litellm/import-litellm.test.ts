import { afterEach, describe, expect, test } from 'bun:test'
import { verify } from '../ledger/verify.ts'
import { createSealing } from '../sealing/create-sealing.ts'
import { openPostgres } from '../store/postgres.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { newDatabase, onPostgres, postgres } from '../store/testing/databases.ts'
import { nano } from '../store/testing/samples.ts'
import { importLiteLLM } from './import-litellm.ts'
import { fillCompany, hashOf, noon, providerSecrets, saltKey, secrets } from './testing/company.ts'
import { type OldDatabase, oldDatabase } from './testing/tables.ts'

const sealing = createSealing({ keys: [{ secret: 'ours' }] })
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function company(): Promise<OldDatabase> {
  const old = await oldDatabase(await newDatabase())
  closers.push(() => old.close())
  await fillCompany(old)
  return old
}

async function emptyStore(): Promise<Store> {
  const store = await openSqlite(':memory:')
  closers.push(() => store.close())
  return store
}

async function run(
  old: Pick<OldDatabase, 'url'>,
  store: Store,
  options: { apply?: boolean; salt?: string; now?: number } = {},
) {
  const lines: string[] = []
  const report = await importLiteLLM({
    source: old.url,
    store,
    sealing,
    saltKey: options.salt ?? saltKey,
    apply: options.apply ?? true,
    now: () => options.now ?? noon,
    print: (line) => void lines.push(line),
  })
  const kind = (name: string) => report.kinds.find((one) => one.kind === name)
  return { report, lines, kind, text: lines.join('\n') }
}

/** Everything that an import could have written. */
async function contents(store: Store): Promise<string> {
  const all = { limit: 1000 }
  const lists = [
    store.keys,
    store.users,
    store.teams,
    store.teamMembers,
    store.organizations,
    store.organizationMembers,
  ]
  const more = [store.customers, store.tags, store.budgets, store.models, store.credentials]
  const rows = await Promise.all([...lists, ...more].map((one) => one.list(all)))
  return JSON.stringify([rows, await store.ledger.find({}, 1000)])
}

describe.skipIf(!postgres)(`bringing a LiteLLM database over, from ${onPostgres}`, () => {
  test('a dry run says what would go over and writes nothing', async () => {
    const store = await emptyStore()
    const before = await contents(store)
    const { kind, lines } = await run(await company(), store, { apply: false })
    expect(kind('keys')).toMatchObject({ found: 5, imported: 3, there: 0 })
    expect(kind('spend totals')).toMatchObject({ found: 10, imported: 10 })
    expect(lines.at(-1)).toContain('--apply')
    expect(await contents(store)).toBe(before)
  })

  test('a key goes over by its hash with its limits, owners, and special members of its metadata', async () => {
    const store = await emptyStore()
    await run(await company(), store)
    const found = await store.keys.find(hashOf(secrets.ann))
    expect(found?.value).toEqual({
      hash: hashOf(secrets.ann),
      name: 'sk-...6789',
      alias: 'ann-key',
      userId: 'ann',
      teamId: 'blue',
      models: ['gpt'],
      aliases: { fast: 'gpt' },
      expiresAt: Date.UTC(2027, 5, 1),
      blocked: false,
      allowedRoutes: [],
      allowedIps: [],
      enforcedParams: ['user'],
      metadata: {
        project: 'atlas',
        service_account_id: 'bot',
        tags: ['prod'],
        permissions: { get_spend_routes: true },
      },
      tags: ['prod'],
      createdAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      maxBudget: nano(10_500_000_000),
      budgetDuration: '30d',
      tpmLimit: Number.MAX_SAFE_INTEGER,
      modelMaxBudget: { gpt: { maxBudget: nano(2_500_000_000), duration: '1d' } },
      modelRpmLimit: { gpt: 7 },
      tempBudgetIncrease: nano(5_000_000_000),
      tempBudgetExpiry: Date.UTC(2027, 0, 1),
    })
    expect(found).toMatchObject({ createdBy: 'admin', createdAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678) })
    expect((await store.keys.find(hashOf(secrets.bob)))?.value).toMatchObject({
      models: ['all-proxy-models'],
      budgetId: 'b-small',
    })
  })

  test('teams, people, memberships and the rest go over with what is theirs', async () => {
    const store = await emptyStore()
    await run(await company(), store)
    expect((await store.teams.find('blue'))?.value).toEqual({
      id: 'blue',
      alias: 'Blue',
      organizationId: 'acme',
      models: ['all-proxy-models'],
      modelAliases: { mini: 'gpt' },
      blocked: false,
      memberTerms: { maxBudget: nano(2_000_000_000), budgetDuration: '1d', tpmLimit: 500 },
      memberPermissions: ['/key/info'],
      metadata: { cost_center: 12 },
      maxBudget: nano(50_000_000_000),
      budgetDuration: '1d',
      rpmLimit: 2,
    })
    const members = await store.teamMembers.list({ where: { teamId: 'blue' }, limit: 10 })
    expect(members.map(({ value }) => value)).toEqual([
      { id: 'blue:ann', teamId: 'blue', userId: 'ann', role: 'admin', budgetId: 'b-small' },
      { id: 'blue:bob', teamId: 'blue', userId: 'bob', role: 'user' },
    ])
    expect((await store.users.find('ann'))?.value).toMatchObject({
      email: 'Ann@Example.com',
      role: 'proxy_admin',
      ssoId: 'sso-ann',
      models: ['all-proxy-models'],
      maxBudget: nano(9_000_000_000_000_000),
    })
    // the e-mail address is ann's already: bob goes without it, and with a role that exists
    expect((await store.users.find('bob'))?.value).toMatchObject({
      role: 'internal_user',
      models: ['no-default-models'],
    })
    expect((await store.users.find('bob'))?.value.email).toBeUndefined()
    expect((await store.organizationMembers.find('acme:ann'))?.value.role).toBe('org_admin')
    expect((await store.budgets.find('b-small'))?.value).toMatchObject({
      maxBudget: nano(4_000_000_000),
      rpmLimit: 100,
    })
    expect((await store.customers.find('c-1'))?.value).toMatchObject({
      blocked: true,
      region: 'eu',
      budgetId: 'b-small',
    })
    expect((await store.tags.find('prod'))?.value).toMatchObject({ description: 'production', models: ['gpt'] })
  })

  test('spend is in the lifetime bucket and in the period that still runs, and the ledger agrees', async () => {
    const store = await emptyStore()
    await run(await company(), store)
    const [ann, bob] = [hashOf(secrets.ann), hashOf(secrets.bob)]
    const balances: Record<string, number> = {
      [`key:${ann}`]: 300_000_000,
      [`key:${ann}:30d:2026-11-01`]: 300_000_000,
      [`key:${bob}`]: 3_000_000_000,
      // by the budget that the key refers to
      [`key:${bob}:7d:2026-11-16`]: 3_000_000_000,
      'user:ann': 12_000_000_001,
      'team:blue': 5_000_000_000,
      // LiteLLM would have reset it this morning
      'team:blue:1d:2026-11-22': 0,
      'team-member:blue:ann:7d:2026-11-16': 1_500_000_000,
      'team-member:blue:bob:1d:2026-11-22': 500_000_000,
      'organization:acme:7d:2026-11-16': 2_250_000_000,
      'end-user:c-1': 750_000_000,
      'tag:prod': 500_000_000,
      all: 0,
    }
    for (const [bucket, amount] of Object.entries(balances))
      expect([bucket, await store.balanceOf(bucket)]).toEqual([bucket, nano(amount)])
    expect(await verify(store)).toEqual({ difference: 0, mismatches: [] })
    await store.ledger.rebuild()
    expect(await store.balanceOf('user:ann')).toBe(nano(12_000_000_001))
  })

  test('secrets of models and credentials are opened and sealed anew; what does not open is named and skipped', async () => {
    const store = await emptyStore()
    const { kind, text } = await run(await company(), store)
    const model = (await store.models.find('m-1'))?.value
    const params = model?.entry.litellm_params as Record<string, string>
    expect(model).toMatchObject({
      name: 'added',
      entry: { litellm_params: { model: 'openai/gpt-4o', rpm: 10 }, model_info: { base_model: 'gpt-4o' } },
    })
    expect(sealing.open(params.api_key ?? '')).toBe('sk-provider-one-abcdef')
    const credential = (await store.credentials.find('openai-main'))?.value
    expect(sealing.open(String(credential?.values.api_key))).toBe('sk-provider-two-abcdef')
    expect(credential?.values.api_base).toBe('https://api.openai.com/v1')
    expect(kind('models')).toMatchObject({ found: 3, imported: 1 })
    expect(kind('models')?.skipped.map(({ what, examples }) => [what, examples])).toEqual([
      ['the salt key does not open api_key', ['closed']],
      ['it belongs to one team, which models here do not', ['of-a-team']],
    ])
    const everything = text + (await contents(store))
    for (const secret of [...providerSecrets, 'sk-in-the-clear-1234567', saltKey])
      expect(everything).not.toContain(secret)
  })

  test('what does not act here is told with its count and an example, and so are tables that stay behind', async () => {
    const { kind, report, text } = await run(await company(), await emptyStore())
    expect(
      kind('keys')
        ?.left.map(({ what }) => what)
        .sort(),
    ).toEqual(['auto_rotate', 'metadata.guardrails', 'metadata.logging'])
    expect(kind('keys')?.skipped.map(({ what }) => what)).toEqual(
      expect.arrayContaining(["it is a session of LiteLLM's dashboard", 'its token is no SHA-256']),
    )
    expect(kind('keys')?.adjusted).toMatchObject([
      { what: 'its alias belongs to another here and is left out', count: 1 },
    ])
    expect(kind('users')?.left).toContainEqual({ what: 'password', count: 1, examples: ['ann'] })
    expect(kind('team members')?.skipped).toMatchObject([
      { what: 'a member without a usable user_id, of the team', count: 1 },
      { what: "has a membership and is not in the team's list", examples: ['blue:gone'] },
    ])
    expect(report.tables).toEqual(['LiteLLM_SpendLogs'])
    expect(text).toMatch(/keys +5 +3 +0 +2/)
  })

  test('a second run changes nothing, and rows that were there before stay as they are', async () => {
    const old = await company()
    const store = await emptyStore()
    const row = {
      value: { id: 'prod', description: 'ours', models: [] },
      extra: {},
      createdAt: 1,
      createdBy: 'us',
      updatedAt: 1,
      updatedBy: 'us',
    }
    await store.tags.insert(row)
    await run(old, store)
    const after = await contents(store)
    expect((await store.tags.find('prod'))?.value.description).toBe('ours')
    await old.run(`update "LiteLLM_UserTable" set spend = 99, user_alias = 'changed' where user_id = 'ann'`)
    const { report } = await run(old, store, { now: noon + 86_400_000 })
    expect(report.kinds.reduce((sum, { imported }) => sum + imported, 0)).toBe(0)
    expect(await contents(store)).toBe(after)
    expect((await run(old, store, { apply: false })).kind('spend totals')).toMatchObject({ imported: 0 })
  })

  test('an older or newer schema is read too: columns and tables that are missing are absent, further ones are passed over', async () => {
    const old = await oldDatabase(await newDatabase(), [
      'LiteLLM_TagTable',
      'LiteLLM_TeamMembership',
      'LiteLLM_ModelTable',
      'LiteLLM_BudgetTable',
    ])
    closers.push(() => old.close())
    await old.run(
      `alter table "LiteLLM_VerificationToken" drop column allowed_routes, drop column budget_id, add column budget_limits jsonb, add column new_thing text default 'x'`,
    )
    await old.put('LiteLLM_VerificationToken', {
      token: hashOf('sk-a'),
      spend: 0,
      budget_limits: { list: 1 },
    })
    await old.put('LiteLLM_VerificationToken', {
      token: hashOf('sk-b'),
      spend: 0,
      budget_limits: [{ budget_duration: '1d', max_budget: 2, reset_at: 'x' }, {}].slice(0, 1),
    })
    await old.put('LiteLLM_TeamTable', { team_id: 't', members_with_roles: [{ user_id: 'u', role: 'user' }] })
    const store = await emptyStore()
    const { kind } = await run(old, store)
    expect(kind('keys')).toMatchObject({ found: 2, imported: 2, left: [{ what: 'budget_limits (cannot be read)' }] })
    expect((await store.keys.find(hashOf('sk-b')))?.value.budgetLimits).toEqual([
      { duration: '1d', maxBudget: nano(2_000_000_000) },
    ])
    expect((await store.teamMembers.find('t:u'))?.value.role).toBe('user')
  })

  test('many keys are read in pages, into Postgres too', async () => {
    const old = await oldDatabase(await newDatabase())
    closers.push(() => old.close())
    await old.run(`insert into "LiteLLM_VerificationToken" (token, spend, key_alias)
      select encode(sha256(n::text::bytea), 'hex'), n * 0.001, 'key ' || n from generate_series(1, 1203) n`)
    const store = await openPostgres(await newDatabase())
    closers.push(() => store.close())
    const { kind } = await run(old, store)
    expect(kind('keys')).toMatchObject({ found: 1203, imported: 1203 })
    expect(kind('spend totals')).toMatchObject({ imported: 1203 })
    expect(await store.keys.count({})).toBe(1203)
    expect((await verify(store)).difference).toBe(0)
  })

  test('a database without LiteLLM in it, and one that is away, are told without the password', async () => {
    const store = await emptyStore()
    await expect(run({ url: await newDatabase() }, store)).rejects.toThrow('no table of LiteLLM')
    const away = run({ url: 'postgres://u:hunter2@127.0.0.1:1/db' }, store)
    await expect(away).rejects.toMatchObject({ code: 'store-down' })
    await away.catch((thrown) => expect(String(thrown)).not.toContain('hunter2'))
  })

  test('tables in a schema of their own are found by the URL that Prisma takes', async () => {
    const url = await newDatabase()
    const old = await oldDatabase(url)
    closers.push(() => old.close())
    await old.put('LiteLLM_TagTable', { tag_name: 'x', spend: 0 })
    await old.run('create schema "Odd one"; alter table "LiteLLM_TagTable" set schema "Odd one"')
    const { kind } = await run({ url: `${url}?schema=Odd%20one&connection_limit=5` }, await emptyStore())
    expect(kind('tags')).toMatchObject({ imported: 1 })
  })
})
