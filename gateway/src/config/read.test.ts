import { describe, expect, test } from 'bun:test'
import { readEntry } from 'turnpike-core/internal/router/model-list/entry'
import { readConfig } from './read.ts'
import { faultsIn as faults, readText as read } from './testing/read-text.ts'

const model = (params: string, more = '') => `model_list:\n  - model_name: m\n    litellm_params: {${params}}\n${more}`

describe('os.environ', () => {
  test('is looked up in the process, in any place', () => {
    const { models, general } = read(
      model(
        'model: os.environ/MODEL, api_key: os.environ/KEY, extra_headers: {x: os.environ/X}',
        'general_settings: {master_key: os.environ/MASTER}\n',
      ),
      { MODEL: 'openai/gpt-4o', KEY: 'sk-1', X: 'header', MASTER: 'sk-master' },
    )
    expect(models[0]?.litellm_params).toMatchObject({
      model: 'openai/gpt-4o',
      api_key: 'sk-1',
      extra_headers: { x: 'header' },
    })
    expect(general.masterKey).toBe('sk-master')
  })

  test('of a variable that is not set, or empty, leaves its member out, with a warning that names both', () => {
    for (const variables of [{}, { KEY: '' }]) {
      const { models, warnings } = read(
        model('model: openai/gpt-4o, api_key: os.environ/KEY'),
        variables as Record<string, string>,
      )
      expect(models[0]?.litellm_params).not.toHaveProperty('api_key')
      expect(warnings.join()).toMatch(/:3:\d+: .*KEY is not set.*model_list\.0\.litellm_params\.api_key/)
    }
  })

  test('stands alone: within other text it is text', () => {
    expect(
      read(model('model: openai/gpt-4o, api_key: "x os.environ/KEY"'), { KEY: 'v' }).models[0]?.litellm_params.api_key,
    ).toBe('x os.environ/KEY')
  })

  test('may come from environment_variables of the file, over those of the process', () => {
    const { environment } = read('environment_variables: {A: os.environ/B, C: 7}\n', { B: 'from-b', C: 'old' })
    expect(environment).toMatchObject({ A: 'from-b', B: 'from-b', C: '7' })
  })
})

describe('settings', () => {
  test('of the router are read in seconds and count before those of litellm_settings', () => {
    const { router } = read(
      'router_settings: {num_retries: 4, cooldown_time: 2.5, timeout: "30", stream_timeout: 5, allowed_fails: 0, max_fallbacks: 2}\nlitellm_settings: {num_retries: 9, cooldown_time: 60, request_timeout: 600}\n',
    )
    expect(router).toMatchObject({
      retries: 4,
      cooldownMs: 2500,
      timeoutMs: 30_000,
      streamTimeoutMs: 5000,
      allowedFails: 0,
      maxFallbacks: 2,
    })
    expect(read('litellm_settings: {num_retries: 9, request_timeout: 600}\n').router).toMatchObject({
      retries: 9,
      timeoutMs: 600_000,
    })
  })

  test('for fallbacks of all kinds become maps from group to groups', () => {
    const { router } = read(
      'router_settings:\n  fallbacks: [{a: [b, c]}, {d: [e]}]\n  context_window_fallbacks: [{a: [long]}]\n  default_fallbacks: [z]\nlitellm_settings:\n  content_policy_fallbacks: [{a: [ok]}]\n',
    )
    expect(router).toMatchObject({
      fallbacks: { a: ['b', 'c'], d: ['e'] },
      contextWindowFallbacks: { a: ['long'] },
      contentPolicyFallbacks: { a: ['ok'] },
      defaultFallbacks: ['z'],
    })
  })

  test('for aliases may hide them', () => {
    const { router } = read(
      'router_settings:\n  model_group_alias: {a: b, c: {model: d, hidden: true}, e: {model: f}}\nlitellm_settings:\n  model_alias_map: {g: h, a: other}\n',
    )
    expect(router.aliases).toEqual({
      a: { group: 'b', hidden: false },
      c: { group: 'd', hidden: true },
      e: { group: 'f', hidden: false },
      g: { group: 'h', hidden: false },
    })
  })

  test('of a strategy take its arguments', () => {
    const { router } = read(
      'router_settings: {routing_strategy: latency-based-routing, routing_strategy_args: {ttl: 60, lowest_latency_buffer: 0.1, max_latency_list_size: 5}}\n',
    )
    expect(router).toMatchObject({
      strategy: 'latency-based-routing',
      strategyArgs: { windowMs: 60_000, lowestLatencyBuffer: 0.1, windowSize: 5 },
    })
  })

  test('for every entry are its defaults, and its own count before them', () => {
    const { models } = read(
      `${model('model: openai/gpt-4o, temperature: 1', '    rpm: 5\n')}router_settings: {default_litellm_params: {temperature: 0, seed: 3}, stream_idle_timeout: 9}\nlitellm_settings: {drop_params: true}\n`,
    )
    expect(models[0]?.litellm_params).toMatchObject({
      temperature: 1,
      seed: 3,
      drop_params: true,
      stream_idle_timeout: 9,
      rpm: 5,
    })
  })

  test('for prices are exact to the pico-dollar', () => {
    const { models } = read(
      `${model('model: openai/mine, api_base: https://h.example/v1')}    model_info: {input_cost_per_token: 3.75e-8, output_cost_per_token: 0.0000006, cache_read_input_token_cost: 1e-9}\n`,
    )
    const [entry] = models
    const { deployment } = readEntry(entry as NonNullable<typeof entry>, {})
    expect(deployment.price?.rates).toMatchObject({ input: 37_500, output: 600_000, cacheRead: 1000 })
  })
})

describe('the store and the master key', () => {
  test.each([
    ['sqlite:own.db', 'own.db'],
    ['sqlite:///var/lib/t.db', '/var/lib/t.db'],
    ['sqlite:/var/lib/t.db', '/var/lib/t.db'],
    ['sqlite::memory:', ':memory:'],
  ])('%s is kept in %s', (url, path) => {
    expect(read('{}', { DATABASE_URL: url }).general.databasePath).toBe(path)
    expect(
      read(`general_settings: {database_url: "${url}"}\n`, { DATABASE_URL: 'sqlite:other' }).general.databasePath,
    ).toBe(path)
  })

  test('without any the store lies beside us, or where TURNPIKE_HOME says', () => {
    expect(read('{}').general.databasePath).toBe('.turnpike/turnpike.db')
    expect(read('{}', { TURNPIKE_HOME: '/srv/t' }).general.databasePath).toBe('/srv/t/turnpike.db')
  })

  test('the key is TURNPIKE_MASTER_KEY, else the file’s, else LITELLM_MASTER_KEY', () => {
    const all = { TURNPIKE_MASTER_KEY: 'sk-t', LITELLM_MASTER_KEY: 'sk-l' }
    const file = 'general_settings: {master_key: sk-f}\n'
    expect(read(file, all).general.masterKey).toBe('sk-t')
    expect(read(file, { LITELLM_MASTER_KEY: 'sk-l' }).general.masterKey).toBe('sk-f')
    expect(read('{}', { LITELLM_MASTER_KEY: 'sk-l' }).general.masterKey).toBe('sk-l')
    expect(read('{}').general.masterKey).toBeUndefined()
  })
})

describe('a fault', () => {
  test.each([
    ['router_settings: {num_retires: 3}\n', /^1:19: `num_retires`.*`num_retries`/],
    ['router_settings: {routing_strategy: usage}\n', /^1:19: .*`usage`.*simple-shuffle/],
    ['router_settings: {num_retries: -1}\n', /^1:19: .*at least 0/],
    ['router_settings: {num_retries: .inf}\n', /^1:19: .*must be a number/],
    ['router_settings: {disable_cooldowns: perhaps}\n', /^1:19: .*true or false/],
    ['router_settings: {fallbacks: {a: b}}\n', /^1:19: .*exactly one group/],
    ['router_settings: {fallbacks: [a]}\n', /^1:19: .*exactly one group/],
    ['router_settings: {default_fallbacks: a}\n', /^1:19: .*list of model groups/],
    ['router_settings: {model_group_alias: [a]}\n', /^1:19: .*mapping from alias/],
    ['general_settings: {database_url: "mysql://u:pw@h/d"}\n', /^1:20: .*mysql.*postgresql:.*sqlite:PATH/],
    ['general_settings: {unpriced: maybe}\n', /^1:20: .*refuse or allow/],
    ['general_settings: {master_key: 7}\n', /^1:20: .*must be text/],
    ['model_list: {}\n', /^1:1: .*must be a list/],
    ['model_list: [7]\n', /^1:14: .*must be a mapping/],
    ['model_list: [{litellm_params: {model: openai/x}}]\n', /^1:14: .*needs `model_name`/],
    ['model_list: [{model_name: m}]\n', /^1:14: .*needs `litellm_params`/],
    [model('model: nobody/x'), /^3:\d+: .*nobody/],
    [model('model: openai/x, api_base: "ftp://h/"'), /^3:\d+: `api_base` must begin with/],
    [model('model: openai/x, api_base: "https://u:pw@h/"'), /^3:\d+: `api_base` must not hold a user name/],
    [model('model: openai/x', '    model_infos: {}\n'), /^4:5: .*`model_info`/],
  ])('has its place and says what would be right: %j', (text, expected) => {
    const [first = '', ...rest] = faults(text)
    expect(first).toMatch(expected)
    expect(first).not.toContain('pw')
    expect(rest).toEqual([])
  })

  test('does not hide the others', () => {
    expect(
      faults('router_settings: {timeout: x, cooldown_time: y}\ngeneral_settings: {unpriced: z}\nmodel_list: 7\n')
        .length,
    ).toBe(4)
  })

  test('in the environment is a fault without a file', () => {
    expect(() => readConfig(undefined, { DATABASE_URL: 'mysql://u:pw@h/d' })).toThrow('mysql')
    expect(() => readConfig(undefined, { DATABASE_URL: 'mysql://u:pw@h/d' })).not.toThrow('pw')
  })
})

describe('a key that does not act', () => {
  test('is named with its place', () => {
    const { warnings } = read(
      `${model('model: openai/gpt-4o, tag_regex: [a]')}litellm_settings:\n  callbacks: [prometheus]\n  something_of_our_own: 1\n`,
    )
    expect(warnings.join('\n')).toMatch(/:3:\d+: `tag_regex` has no effect/)
    expect(warnings.join('\n')).toMatch(/:5:3: `callbacks`/)
    expect(warnings.join('\n')).toMatch(/:6:3: `something_of_our_own` is not a known key/)
  })

  test('is passed over in silence when it asks for nothing', () => {
    expect(read('litellm_settings: {callbacks: [], cache: false, success_callback: null}\n').warnings).toEqual([])
  })
})

describe('without a file', () => {
  test('there is the echo, and the models of providers whose keys are set', () => {
    expect(readConfig(undefined, {}).models.map(({ model_name }) => model_name)).toEqual(['turnpike/echo'])
    const names = readConfig(undefined, { ANTHROPIC_API_KEY: 'sk-ant-x' }).models.map(({ model_name }) => model_name)
    expect(names).toContain('anthropic/*')
    expect(names.some((name) => name.startsWith('claude-'))).toBe(true)
    expect(names.some((name) => name.startsWith('gpt-'))).toBe(false)
    expect(names.at(-1)).toBe('turnpike/echo')
    expect(new Set(names).size).toBe(names.length)
  })
})
