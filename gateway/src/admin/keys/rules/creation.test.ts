import { afterEach, describe, expect, test } from 'bun:test'
import type { HouseOptions } from '../../../../../tests/house.ts'
import { type Desk, openDesk } from '../testing/desk.ts'

let desk: Desk
afterEach(() => desk.close())

async function open(options: HouseOptions): Promise<Desk> {
  desk = await openDesk(options)
  return desk
}

const paramOf = async (what: string, body: object, by?: unknown) =>
  (await desk.ask(what, body, by === undefined ? {} : { by })).error.param

describe('what the operator says of new keys', () => {
  test('defaults stand where the body says nothing', async () => {
    await open({
      litellm: {
        default_key_generate_params: {
          max_budget: 1.5,
          models: ['gpt'],
          duration: '7d',
          tags: ['new'],
          metadata: { a: 1 },
          team_id: 'blue',
        },
      },
    })
    expect(await desk.generate({ models: [], max_budget: null })).toMatchObject({
      max_budget: 1.5,
      models: ['gpt'],
      duration: '7d',
      expires: '2026-11-29T12:00:00.000Z',
      metadata: { a: 1, tags: ['new'] },
      team_id: 'blue',
    })
    expect(await desk.generate({ max_budget: 0, models: ['o'], metadata: { b: 1 } })).toMatchObject({
      max_budget: 0,
      models: ['o'],
      metadata: { b: 1, tags: ['new'] },
    })
  })

  test('nothing may be more than the bounds, and what has no bound of its own gets them', async () => {
    const bounds = { max_budget: 10, budget_duration: '30d', duration: '7d', rpm_limit: 100 }
    await open({ litellm: { upperbound_key_generate_params: bounds } })
    const { key, ...made } = await desk.generate({ rpm_limit: 5, budget_duration: '1w' })
    expect(made).toMatchObject({ max_budget: 10, budget_duration: '1w', duration: '7d', rpm_limit: 5 })
    for (const body of [{ max_budget: 11 }, { budget_duration: '2mo' }, { duration: '8d' }, { rpm_limit: 101 }]) {
      expect(await paramOf('POST /key/generate', body)).toBe(Object.keys(body)[0])
      expect(await paramOf('POST /key/update', { key, ...body })).toBe(Object.keys(body)[0])
    }
    expect((await desk.ask('POST /key/generate', { max_budget: 11 })).error.message).toBe(
      'max_budget is over max limit set in config - user_value=11; max_value=10',
    )
    expect(await desk.done('POST /key/update', { key, key_alias: 'x' })).toMatchObject({ rpm_limit: 5 })
    expect(await desk.done('POST /key/update', { key, rpm_limit: null, duration: '-1' })).toMatchObject({
      rpm_limit: 100,
      expires: '2026-11-29T12:00:00.000Z',
    })
  })

  test('personal and team keys need their parameters, and those who may make them', async () => {
    await open({
      litellm: {
        key_generation_settings: {
          personal_key_generation: { allowed_user_roles: ['proxy_admin'], required_params: ['tags'] },
          team_key_generation: { allowed_team_member_roles: ['admin'], required_params: ['key_alias'] },
        },
      },
    })
    const [ann, bob] = [await desk.user(), await desk.user()]
    const team = await desk.team({ memberPermissions: ['/key/generate'] }, { [ann.id]: 'admin', [bob.id]: 'user' })
    const [anns, bobs] = [
      await desk.generate({ user_id: ann.id, tags: ['t'] }),
      await desk.generate({ user_id: bob.id, tags: ['t'] }),
    ]
    expect(await paramOf('POST /key/generate', {})).toBe('tags')
    expect(await paramOf('POST /key/generate', { tags: ['t'] }, anns.key)).toBe('team_id')
    expect(await paramOf('POST /key/update', { key: anns.key, key_alias: 'a' }, anns.key)).toBe('team_id')
    expect(await paramOf('POST /key/generate', { team_id: team.id }, anns.key)).toBe('key_alias')
    await desk.generate({ team_id: team.id, key_alias: 'a' }, { by: anns.key })
    expect(await paramOf('POST /key/generate', { team_id: team.id, key_alias: 'b' }, bobs.key)).toBe('team_id')
    await desk.generate({ team_id: team.id })
  })

  test('where keys must have a team, none is made or left without', async () => {
    await open({ general: { default_team_disabled: true } })
    expect(await paramOf('POST /key/generate', {})).toBe('team_id')
    const { key } = await desk.generate({ team_id: 'blue' })
    expect(await paramOf('POST /key/update', { key, team_id: null })).toBe('team_id')
  })
})
