import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from './read.ts'

const folder = mkdtempSync(join(tmpdir(), 'turnpike-origins-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

writeFileSync(
  join(folder, 'more.yaml'),
  'router_settings: {num_retries: 9}\nmodel_list:\n  - {model_name: b, litellm_params: {model: openai/gpt-4o}}\n',
)
const file = join(folder, 'c.yaml')
writeFileSync(
  file,
  `include: [more.yaml]
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4o, api_key: os.environ/KEY}}
router_settings:
  num_retries: 3
litellm_settings:
  num_retries: 4
general_settings:
  master_key: os.environ/MASTER
  max_parallel_requests: 5
environment_variables: {KEY: sk-of-the-file}
`,
)
const { origins } = readConfig(file, {
  MASTER: 'sk-referred-to',
  TURNPIKE_MASTER_KEY: 'sk-of-the-variable',
  KEY: 'sk-of-the-process',
})
const of = (path: string) => origins.find((one) => one.path === path)

describe('where a value comes from', () => {
  test('the including file goes before the included one, and a section before the other that may say the same', () => {
    expect(of('router_settings.num_retries')).toEqual({
      path: 'router_settings.num_retries',
      value: 3,
      source: { kind: 'file', at: `${file}:5:3` },
      shadows: [
        { value: 9, source: { kind: 'file', at: `${join(folder, 'more.yaml')}:1:19` } },
        { value: 4, source: { kind: 'file', at: `${file}:7:3` } },
      ],
    })
  })

  test('a variable of ours goes before the file, and a reference is told with its place', () => {
    expect(of('general_settings.master_key')).toEqual({
      path: 'general_settings.master_key',
      value: 'sk-of-the-variable',
      source: { kind: 'environment', name: 'TURNPIKE_MASTER_KEY' },
      shadows: [{ value: 'sk-referred-to', source: { kind: 'environment', name: 'MASTER', at: `${file}:9:3` } }],
    })
  })

  test('a variable of the file goes before that of the process', () => {
    expect(of('environment_variables.KEY')).toMatchObject({
      value: 'sk-of-the-file',
      source: { kind: 'file' },
      shadows: [{ value: 'sk-of-the-process', source: { kind: 'environment', name: 'KEY' } }],
    })
  })

  test('what nobody said is a default, and entries of lists are told each with its file', () => {
    expect(of('router_settings.cooldown_time')).toMatchObject({ value: 5, source: { kind: 'default' }, shadows: [] })
    expect(of('general_settings.max_parallel_requests')).toMatchObject({ value: 5, source: { kind: 'file' } })
    expect(of('model_list.0')).toMatchObject({
      value: { model_name: 'a', litellm_params: { api_key: 'sk-of-the-file' } },
      source: { at: `${file}:3:5` },
    })
    expect(of('model_list.1')).toMatchObject({ value: { model_name: 'b' } })
    expect(of('model_list.1')?.source).toMatchObject({ at: expect.stringContaining('more.yaml:3') })
  })
})
