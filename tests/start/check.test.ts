import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { InvalidConfig, readConfig } from '../../gateway/src/config/read.ts'
import { runTurnpike, scratch } from './gateway-process.ts'

setDefaultTimeout(30_000)

const folder = scratch()
afterAll(() => folder.remove())

/** What `turnpike check` says of a file and how it ends. */
function check(name: string, text: string, env: Record<string, string> = {}): Promise<{ code: number; said: string }> {
  const file = folder.write(name, text)
  return runTurnpike(['check', '--config', file], { cwd: folder.path, env })
}

test.concurrent('turnpike --version names itself and its version', async () => {
  const { code, said } = await runTurnpike(['--version'], { cwd: folder.path })
  expect(said).toMatch(/^turnpike \d+\.\d+\.\d+\n$/)
  expect(code).toBe(0)
})

test.concurrent('a flag that is not known is refused with the nearest', async () => {
  const { code, said } = await runTurnpike(['--confg', 'x'], { cwd: folder.path })
  expect(said).toContain('--config')
  expect(code).toBe(1)
})

describe('a good file', () => {
  const good = `
model_list:
  - model_name: gpt
    litellm_params:
      model: openai/gpt-4o
      api_key: sk-plain-in-the-file-123456
      extra_headers: {x-api-token: token-in-a-header, authorization: Bearer sk-in-authorization-1}
      api_base: https://proxy.example/v1?key=AIzaSyExampleExampleExample
  - model_name: claude
    litellm_params: {model: anthropic/claude-sonnet-4-5, api_key: os.environ/MY_KEY}
general_settings: {master_key: sk-master-in-the-file-99}
`
  test.concurrent('is told as it is understood, with every secret masked, and ends with 0', async () => {
    const { code, said } = await check('good.yaml', good, { MY_KEY: 'sk-from-the-environment-77' })
    expect(said).toContain('"model": "gpt-4o"')
    expect(said).toContain('"provider": "anthropic"')
    for (const secret of [
      'sk-plain-in-the-file',
      'token-in-a-header',
      'sk-in-authorization',
      'sk-master-in-the-file',
      'sk-from-the-environment',
      'AIzaSyExample',
    ])
      expect(said).not.toContain(secret)
    expect(code).toBe(0)
  })

  test.concurrent('whose variable is not set is told so, with its place', async () => {
    const { said } = await check('unset.yaml', good)
    expect(said).toMatch(/unset\.yaml:\d+:\d+: .*MY_KEY/)
  })
})

/** The complaints alone, without a process. */
function complaints(name: string, text: string): string {
  try {
    readConfig(folder.write(name, text), {})
  } catch (thrown) {
    if (thrown instanceof InvalidConfig) return thrown.complaints.join('\n')
    throw thrown
  }
  return 'it is good'
}

describe('a bad file is told by file, line and column', () => {
  const cases: [string, string, RegExp][] = [
    [
      'a typing error in a section',
      'router_settings:\n  num_retires: 3\n',
      /:2:3: .*`num_retires`.*did you mean `num_retries`/,
    ],
    ['a typing error at the top', 'model_lst: []\n', /:1:1: .*`model_lst`.*did you mean `model_list`/],
    [
      'a typing error in an entry',
      'model_list:\n  - model_nam: x\n    litellm_params: {model: openai/x}\n',
      /:2:5: .*`model_nam`.*did you mean `model_name`/,
    ],
    ['an unknown strategy', 'router_settings:\n  routing_strategy: fastest\n', /:2:3: .*fastest.*simple-shuffle/],
    [
      'a provider that nobody knows',
      'model_list:\n  - model_name: x\n    litellm_params:\n      model: nobody/x\n',
      /:4:7: .*nobody/,
    ],
    ['text for a number', 'router_settings:\n  timeout: soon\n', /:2:3: .*`timeout` must be a number/],
    ['a negative number', 'router_settings:\n  cooldown_time: -1\n', /:2:3: .*must be at least 0/],
    ['a list for a mapping', 'general_settings: []\n', /:1:1: .*must be a mapping/],
    ['no model', 'model_list:\n  - model_name: x\n    litellm_params: {}\n', /:3:5: .*litellm_params\.model/],
    ['broken YAML', 'model_list:\n  - {model_name: x\n', /:\d+:\d+: /],
    ['a key twice', 'model_list: []\nmodel_list: []\n', /:2:1: /],
    [
      'fallbacks of two groups in one item',
      'router_settings:\n  fallbacks: [{a: [b], c: [d]}]\n',
      /:2:3: .*exactly one group/,
    ],
    [
      'a database of another kind',
      'general_settings:\n  database_url: mysql://u:topsecret@h/d\n',
      /:2:3: .*mysql.*sqlite:PATH/,
    ],
    [
      'a base that is no URL',
      'model_list:\n  - model_name: x\n    litellm_params:\n      model: openai/x\n      api_base: "not a url"\n',
      /:\d+:\d+: .*api_base/,
    ],
    [
      'a user name in the base',
      'model_list:\n  - model_name: x\n    litellm_params:\n      model: openai/x\n      api_base: https://user:topsecret@h/v1\n',
      /:\d+:\d+: .*api_base/,
    ],
    ['an included file that is not there', 'include: [nowhere.yaml]\n', /nowhere\.yaml:1:1: there is no such file/],
  ]

  test.each(cases)('%s', (name, text, expected) => {
    const said = complaints(`${name.replaceAll(' ', '-')}.yaml`, text)
    expect(said).toMatch(expected)
    expect(said).not.toContain('topsecret')
  })

  test.concurrent('and check ends with 1, with every fault at once and not a stack', async () => {
    const text = 'router_settings:\n  num_retires: 3\n  timeout: soon\ngeneral_settings:\n  master_kee: x\n'
    const { code, said } = await check('three.yaml', text)
    expect(said).toMatch(/:2:3:/)
    expect(said).toMatch(/:3:3:/)
    expect(said).toMatch(/:5:3:/)
    expect(said).not.toMatch(/\bat .*:\d+:\d+/)
    expect(code).toBe(1)
  })

  test.concurrent('a file that is not there', async () => {
    const { code, said } = await runTurnpike(['check', '--config', 'nowhere.yaml'], { cwd: folder.path })
    expect(said).toContain('nowhere.yaml')
    expect(said).toContain('there is no such file')
    expect(code).toBe(1)
  })
})
