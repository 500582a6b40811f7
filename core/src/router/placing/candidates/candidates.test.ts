import { describe, expect, test } from 'bun:test'
import type { GatewayError } from '../../../kernel/faults.ts'
import { entryAt as entry, openRouter as open } from '../../../testing/open-router.ts'
import { isWithin } from './region.ts'
import { byTags } from './tags.ts'

const image = {
  messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.example/a.png' } }] }],
}
const tools = { tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }] }
const schema = { response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object' } } } }
const pdf = {
  messages: [
    {
      role: 'user',
      content: [{ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } }],
    },
  ],
}
const audio = {
  messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } }] }],
}

describe('a deployment that cannot do what a call needs', () => {
  const without = { supports_function_calling: false, supports_response_schema: false, supports_vision: true }

  test.each([
    ['tools', tools],
    ['a JSON schema for the answer', schema],
    ['PDF documents', pdf],
    ['audio', audio],
  ])('is passed over for one that can: %s', async (what, fields) => {
    const { ask } = open([entry('m', 'limited', {}, without), entry('m', 'able')])
    const { seen, attempts } = await ask('m', {}, fields)
    expect(seen).toEqual(['able'])
    expect(attempts[0]).toMatchObject({ kind: 'skipped', why: 'incapable' })
    const alone = await open([entry('m', 'limited', {}, without)]).ask('m', {}, fields)
    expect(alone.seen).toEqual([])
    expect(alone.told).toMatchObject({ code: 'unsupported', status: 400 })
    expect((alone.told as GatewayError).message).toContain(`takes no ${what}`)
  })

  test('takes the calls that it can take', async () => {
    const { ask } = open([entry('m', 'limited', {}, without)])
    expect((await ask('m')).seen).toEqual(['limited'])
    expect((await ask('m', {}, image)).seen).toEqual(['limited'])
  })

  test('is a reason to go to the fallbacks', async () => {
    const { ask } = open([entry('m', 'limited', {}, without), entry('n', 'able')], { fallbacks: { m: ['n'] } })
    expect((await ask('m', {}, tools)).seen).toEqual(['able'])
  })

  test('is not passed over for what is dropped anyway', async () => {
    const { ask } = open([entry('m', 'limited', { additional_drop_params: ['tools'] }, without)])
    expect((await ask('m', {}, tools)).seen).toEqual(['limited'])
  })
})

describe('a context window that the input exceeds by our estimate', () => {
  const small = { max_input_tokens: 50 }
  const long = { messages: [{ role: 'user', content: 'word '.repeat(200) }] }

  test('is looked at where the settings want it', async () => {
    const { ask } = open([entry('m', 'small', {}, small), entry('m', 'large')], { preCallChecks: true })
    expect((await ask('m', {}, long)).seen).toEqual(['large'])
    expect((await ask('m')).seen).toEqual(['small'])
    const off = open([entry('m', 'small', {}, small), entry('m', 'large')])
    expect((await off.ask('m', {}, long)).seen).toEqual(['small'])
  })

  test('leads to the fallbacks for long input when nobody’s is large enough', async () => {
    const entries = [entry('m', 'small', {}, small), entry('n', 'large')]
    const { ask } = open(entries, { preCallChecks: true, contextWindowFallbacks: { m: ['n'] } })
    expect((await ask('m', {}, long)).seen).toEqual(['large'])
    const alone = open(entries, { preCallChecks: true })
    expect((await alone.ask('m', {}, long)).told).toMatchObject({ code: 'context-overflow', status: 400 })
  })
})

describe('tags', () => {
  const pool = [['free'], ['paid', 'eu'], ['default'], undefined].map((tags, at) => ({
    deployment: { id: 'abcd'[at] ?? '', ...(tags && { tags }) },
  }))
  const kept = (tags: readonly string[], matchAny = true) =>
    byTags(pool, { tags, matchAny })
      .map(({ deployment }) => deployment.id)
      .join('')

  test.each([
    [['free'], 'a'],
    [['free', 'eu'], 'ab'],
    [['nobody'], 'c'],
    [[], 'c'],
    [['!free'], 'c'],
    [['!default'], ''],
    [['&paid'], 'b'],
    [['&paid', '!eu'], ''],
    [['free', '!free'], 'c'],
  ] as [string[], string][])('%p leave %p', (tags, expected) => {
    expect(kept(tags)).toBe(expected)
  })

  test('must all be borne where one is not enough', () => {
    expect(kept(['paid', 'eu'], false)).toBe('b')
    expect(kept(['paid', 'free'], false)).toBe('c')
  })

  test('leave all in a group without a default one, for who bears none', () => {
    expect(byTags(pool.slice(0, 2), { tags: [], matchAny: true }).length).toBe(2)
  })

  test('decide where they are switched on, and refuse whom nobody serves', async () => {
    const entries = [entry('m', 'free', { tags: ['free'] }), entry('m', 'paid', { tags: ['paid'] })]
    expect((await open(entries, { tagFiltering: true }).ask('m', { tags: ['paid'] })).seen).toEqual(['paid'])
    expect((await open(entries).ask('m', { tags: ['paid'] })).seen).toEqual(['free'])
    const { told, attempts } = await open(entries, { tagFiltering: true }).ask('m', { tags: ['other'] })
    expect(told).toMatchObject({ status: 401 })
    expect((told as GatewayError).message).toStartWith('Not allowed to access model due to tags configuration.')
    expect(attempts).toMatchObject([{ why: 'not-allowed' }, { why: 'not-allowed' }])
  })
})

describe('the region where a caller may be served', () => {
  test.each([
    ['eu', 'eu', true],
    ['eu-central-1', 'eu', true],
    ['europe-west4', 'eu', true],
    ['swedencentral', 'eu', true],
    ['eu-west-2', 'eu', false],
    ['us-east-1', 'eu', false],
    [undefined, 'eu', false],
    ['eastus2', 'us', true],
    ['us-central1', 'us', true],
    ['australiaeast', 'us', false],
    ['EU-West-1', 'eu-west-1', true],
  ])('%p lies in %p: %p', (region, allowed, expected) => {
    expect(isWithin(region, allowed)).toBe(expected)
  })

  test('leaves out every other, also after a failure', async () => {
    const entries = [
      entry('m', 'us', { region_name: 'us' }),
      entry('m', 'unknown'),
      entry('m', 'status-500', { region_name: 'eu' }),
    ]
    expect((await open(entries).ask('m', { region: 'eu', retries: 1 })).seen).toEqual(['status-500', 'status-500'])
    const { told, seen } = await open(entries.slice(0, 2)).ask('m', { region: 'eu' })
    expect(seen).toEqual([])
    expect(told).toMatchObject({ status: 403 })
  })
})

describe('a deployment of one team', () => {
  const entries = [
    entry('m', 'theirs', {}, { team_id: 'red' }),
    entry('n', 'ours', {}, { team_id: 'red' }),
    entry('n', 'all'),
  ]

  test('answers that team alone', async () => {
    const { ask } = open(entries)
    expect((await ask('n', { teamId: 'red' })).seen).toEqual(['ours'])
    expect((await ask('n', { teamId: 'blue' })).seen).toEqual(['all'])
    expect((await ask('n')).seen).toEqual(['all'])
  })

  test('is to others as if it were not there', async () => {
    expect((await open(entries).ask('m', { teamId: 'blue' })).told).toMatchObject({ code: 'unknown-model' })
  })
})

describe('an explanation', () => {
  test('tells the order, who is passed over and why, and the fallbacks, and sends and counts nothing', () => {
    const { router, callFor, fake, clock } = open(
      [
        entry('m', 'second', { order: 2 }, { id: 'second' }),
        entry('m', 'first', { order: 1 }, { id: 'first' }),
        entry('m', 'cold', { order: 1 }, { id: 'cold' }),
        entry('m', 'blind', {}, { id: 'blind', supports_function_calling: false }),
        entry('m', 'theirs', {}, { id: 'theirs', team_id: 'red' }),
        entry('n', 'n'),
      ],
      { fallbacks: { m: ['n', 'nobody'] } },
    )
    router.health.cool({ id: 'cold', until: clock.now + 500, cause: 'provider-limit' })
    const explained = router.explain(callFor('m', tools), router.group('m'))
    expect(explained).toEqual({
      group: 'm',
      strategy: 'simple-shuffle',
      order: ['first', 'second'],
      skipped: [
        { deployment: 'theirs', why: 'not-allowed' },
        { deployment: 'blind', why: 'incapable' },
        { deployment: 'cold', why: 'cooling', cause: 'provider-limit', waitMs: 500 },
      ],
      fallbacks: ['n'],
    })
    expect(fake.requests).toEqual([])
    expect(router.health.of('first')).toMatchObject({ requests: 0, inFlight: 0 })
  })
})
