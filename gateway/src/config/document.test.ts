import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { complaintText, readDocument } from './document.ts'

const folder = mkdtempSync(join(tmpdir(), 'turnpike-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}
const at = (read: ReturnType<typeof readDocument>, path: readonly (string | number)[]) => {
  const { file, line, column } = read.locate(path)
  return `${basename(file)}:${line}:${column}`
}
const said = (read: ReturnType<typeof readDocument>) =>
  read.complaints.map((one) => complaintText({ ...one, file: basename(one.file) }))

describe('a place in a file', () => {
  const text = `# a comment
model_list:
  - model_name: a
    litellm_params:
      model: openai/x   # why
      api_key: k
  - {model_name: b, litellm_params: {model: openai/y}}
general_settings:
  "master_key": sk
`
  const read = readDocument(write('places.yaml', text))

  test.each([
    [['model_list'], '2:1'],
    [['model_list', 0], '3:5'],
    [['model_list', 0, 'model_name'], '3:5'],
    [['model_list', 0, 'litellm_params', 'model'], '5:7'],
    [['model_list', 1], '7:5'],
    [['model_list', 1, 'litellm_params', 'model'], '7:38'],
    [['general_settings', 'master_key'], '9:3'],
  ] as const)('%j is at %s', (path, place) => {
    expect(at(read, path)).toBe(`places.yaml:${place}`)
  })

  test('of something that is not there is that of the nearest thing around it', () => {
    expect(at(read, ['model_list', 0, 'litellm_params', 'nothing'])).toBe('places.yaml:4:5')
    expect(at(read, ['nothing', 'at', 'all'])).toBe('places.yaml:1:1')
  })

  test('in text with anchors, merges and other scripts is where a reader sees it', () => {
    const merged = readDocument(
      write(
        'merged.yaml',
        'base: &base {model: openai/x, api_key: k}\n"日本": 1\nmodel_list:\n  - model_name: a\n    litellm_params:\n      <<: *base\n      timeout: 3\n',
      ),
    )
    expect(merged.value.model_list).toEqual([
      { model_name: 'a', litellm_params: { model: 'openai/x', api_key: 'k', timeout: 3 } },
    ])
    expect(at(merged, ['model_list', 0, 'litellm_params', 'timeout'])).toBe('merged.yaml:7:7')
  })
})

describe('what is no YAML', () => {
  test.each([
    ['unclosed.yaml', 'a: [1, 2\nb: 3\n'],
    ['tab.yaml', 'a:\n\tb: 1\n'],
    ['indent.yaml', 'a:\n    b: 1\n  c: 2\n'],
  ])('is a complaint with its place: %s', (name, text) => {
    const read = readDocument(write(name, text))
    expect(said(read)[0]).toMatch(new RegExp(`^${name}:[1-3]:\\d+: `))
    expect(read.value).toEqual({})
  })

  test('a key that stands twice is a complaint', () => {
    expect(said(readDocument(write('twice.yaml', 'a: 1\nb: 2\na: 3\n')))[0]).toMatch(/^twice\.yaml:3:1: /)
  })

  test('a list or a word at the top is a complaint, nothing is not', () => {
    expect(said(readDocument(write('list.yaml', '- a\n')))[0]).toContain('list.yaml:1:1: a mapping is expected')
    expect(said(readDocument(write('word.yaml', 'hello\n')))[0]).toContain('word.yaml:1:1: a mapping is expected')
    expect(said(readDocument(write('empty.yaml', '# nothing\n')))).toEqual([])
  })

  test('a bomb of aliases does not go off', () => {
    const levels = Array.from(
      { length: 12 },
      (_, n) =>
        `l${n}: &l${n} [${
          n === 0
            ? '1'
            : Array(10)
                .fill(`*l${n - 1}`)
                .join(', ')
        }]`,
    )
    const file = write('bomb.yaml', `${levels.join('\n')}\n`)
    const begun = performance.now()
    try {
      readDocument(file)
    } catch (thrown) {
      expect(String(thrown)).toContain('alias')
    }
    expect(performance.now() - begun).toBeLessThan(1000)
  })
})

describe('an included file', () => {
  test('adds to lists and sections; the including file wins and comes first', () => {
    write(
      'models.yaml',
      'model_list: [{model_name: low}]\ngeneral_settings: {master_key: low, max_request_size_mb: 3}\n',
    )
    const read = readDocument(
      write(
        'top.yaml',
        'include: [models.yaml]\nmodel_list: [{model_name: top}]\ngeneral_settings: {master_key: top}\n',
      ),
    )
    expect(read.value.model_list).toEqual([{ model_name: 'top' }, { model_name: 'low' }])
    expect(read.value.general_settings).toEqual({ master_key: 'top', max_request_size_mb: 3 })
    expect(at(read, ['model_list', 1, 'model_name'])).toBe('models.yaml:1:15')
    expect(at(read, ['general_settings', 'max_request_size_mb'])).toBe('models.yaml:2:37')
    expect(at(read, ['general_settings', 'master_key'])).toBe('top.yaml:3:20')
  })

  test('that includes the first is told as a circle, once', () => {
    write('b.yaml', 'include: [a.yaml]\n')
    const read = readDocument(write('a.yaml', 'include: [b.yaml]\nx: 1\n'))
    expect(said(read)).toEqual(['b.yaml:1:1: `a.yaml` is included in a circle'])
    expect(read.value.x).toBe(1)
  })

  test('that is not there is told by its own name', () => {
    expect(said(readDocument(write('needs.yaml', 'include: [missing.yaml]\n')))).toEqual([
      'missing.yaml:1:1: there is no such file',
    ])
  })
})
