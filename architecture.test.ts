import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { providers } from './core/src/providers/index.ts'

const root = import.meta.dir

interface Source {
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
  readonly imports: readonly string[]
}

function sourcesUnder(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) =>
        entry.isFile() &&
        entry.name.endsWith('.ts') &&
        !entry.parentPath.includes('node_modules') &&
        !entry.parentPath.includes('/dist'),
    )
    .map((entry) => {
      const file = join(entry.parentPath, entry.name)
      const text = readFileSync(file, 'utf8')
      return { path: relative(root, file), text, lines: text.split('\n'), imports: importsOf(file, text) }
    })
}

function importsOf(file: string, text: string): string[] {
  const specifiers = [
    ...text.matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'/gms),
    ...text.matchAll(/^import '([^']+)'/gm),
  ].map(([, name]) => name ?? '')
  return specifiers.flatMap((name) => {
    if (name.startsWith('.')) return [relative(root, resolve(dirname(file), name))]
    if (name.startsWith('turnpike-core/internal/'))
      return [`core/src/${name.slice('turnpike-core/internal/'.length)}.ts`]
    return name === 'turnpike-core' ? ['core/src/index.ts'] : []
  })
}

const everything = [...sourcesUnder('core/src'), ...sourcesUnder('gateway/src')]
const isTest = ({ path }: Source) =>
  /\.(?:test|suite)\.ts$/.test(path) || path.includes('/testing/') || path.includes('/laws/')
const product = everything.filter((source) => !isTest(source))

/** Rooms by floor, lowest first; rooms on one floor are strangers. */
const floors: readonly (readonly string[])[] = [
  ['core/src/kernel'],
  ['core/src/vocabulary'],
  ['core/src/models'],
  ['core/src/formats', 'core/src/credentials'],
  ['core/src/providers'],
  ['core/src/client'],
  ['core/src/router'],
  ['core/src/sdk'],
  ['core/src/index.ts'],
  ['gateway/src/vocabulary', 'gateway/src/version.ts'],
  [
    'gateway/src/runtime',
    'gateway/src/store',
    'gateway/src/config',
    'gateway/src/shared',
    'gateway/src/journal',
    'gateway/src/sealing',
    'gateway/src/news.ts',
  ],
  ['gateway/src/access', 'gateway/src/admission', 'gateway/src/registry'],
  ['gateway/src/ledger', 'gateway/src/health'],
  ['gateway/src/live.ts'],
  ['gateway/src/house.ts'],
  ['gateway/src/pipeline'],
  ['gateway/src/endpoints', 'gateway/src/admin'],
  ['gateway/src/import-litellm'],
  ['gateway/src/table.ts'],
  ['gateway/src/boot'],
  ['gateway/src/boot.ts'],
  ['gateway/src/cli'],
  ['gateway/src/main.ts'],
]

const within = (path: string, room: string) => path === room || path.startsWith(`${room}/`)
const roomOf = (path: string) => floors.flat().find((room) => within(path, room))
const floorOf = (path: string) => floors.findIndex((rooms) => rooms.some((room) => within(path, room)))

/** Data and wire types, which may be long. */
const longByNature = new Set(['core/src/models/prices.data.ts'])

describe('the house', () => {
  test('every file stands in a room', () => {
    expect(product.filter(({ path }) => floorOf(path) < 0).map(({ path }) => path)).toEqual([])
  })

  test('a file imports only from floors below or from its own room', () => {
    const wrong = product.flatMap(({ path, imports }) =>
      imports
        .filter((target) => roomOf(target) !== roomOf(path) && floorOf(target) >= floorOf(path))
        .map((target) => `${path} -> ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('no format knows another', () => {
    const folder = (path: string) => /^core\/src\/formats\/([^/]+)\//.exec(path)?.[1]
    const wrong = product.flatMap(({ path, imports }) =>
      imports
        .filter((target) => folder(path) && folder(target) && folder(path) !== folder(target))
        .map((target) => `${path} -> ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('nothing imports in a circle', () => {
    const graph = new Map(product.map(({ path, imports }) => [path, imports]))
    expect(
      [...graph.keys()].map((path) => circleFrom(path, graph)).find((circle) => circle !== undefined),
    ).toBeUndefined()
  })

  test('only the runtime room and the entry say Bun', () => {
    const wrong = product.filter(
      ({ path, text }) => !path.startsWith('gateway/src/runtime/') && /\bBun\.\w/.test(stripComments(text)),
    )
    expect(wrong.map(({ path }) => path)).toEqual([])
  })

  test('only the client, the SDK and boot touch the network', () => {
    const wrong = product.filter(
      ({ path, text }) =>
        !/^(core\/src\/sdk\/|gateway\/src\/boot\.ts)/.test(path) &&
        /globalThis\.fetch|(?<![.\w])fetch\(/.test(
          stripComments(text).replace(/(?:await|return) fetch\(compiled/g, ''),
        ),
    )
    expect(wrong.map(({ path }) => path)).toEqual([])
  })

  test('core installs nothing', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'core/package.json'), 'utf8')) as { dependencies?: object }
    expect(Object.keys(manifest.dependencies ?? {})).toEqual([])
  })
})

describe('the pen', () => {
  test('no file has more than 400 lines', () => {
    expect(
      product
        .filter(({ path, lines }) => lines.length > 401 && !longByNature.has(path))
        .map(({ path, lines }) => `${path}: ${lines.length}`),
    ).toEqual([])
  })

  test('half of all files have at most 80 lines, nine of ten at most 200', () => {
    const lengths = product.map(({ lines }) => lines.length).sort((a, b) => a - b)
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(100)
    expect(lengths[Math.floor(lengths.length * 0.9)]).toBeLessThanOrEqual(220)
  })

  test('no function has more than 60 lines, unless it holds others', () => {
    expect(product.flatMap(longFunctions)).toEqual([])
  })

  test('no folder holds more than 12 things', () => {
    const folders = new Map<string, Set<string>>()
    for (const { path } of product)
      for (let at = path; dirname(at) !== '.'; at = dirname(at))
        folders.set(dirname(at), (folders.get(dirname(at)) ?? new Set()).add(at))
    const crowded = [...folders].filter(([folder, things]) => things.size > 12 && folder !== 'gateway/src')
    expect(crowded.map(([folder, things]) => `${folder}: ${things.size}`)).toEqual([])
  })

  test('shared code never asks which provider it talks to', () => {
    const names = [...providers.keys()].filter((name) => !shared.has(name))
    const asks = new RegExp(
      `(?:===|!==|case)\\s*'(?:${names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})'`,
    )
    const wrong = product.filter(
      ({ path, text }) =>
        !path.startsWith('core/src/providers/catalog') &&
        !path.startsWith('core/src/models/profile-rules') &&
        asks.test(stripComments(text)),
    )
    expect(wrong.map(({ path, text }) => `${path}: ${asks.exec(stripComments(text))?.[0]}`)).toEqual([])
  })

  test('no checker is silenced, nothing is any, nothing is left undone', () => {
    const bad =
      /@ts-(?:ignore|nocheck|expect-error)|\bas any\b|: any\b|<any>|\bTODO\b|\bFIXME\b|(?:test|describe|it)\.only\(/
    expect(
      everything.filter(({ text }) => bad.test(text)).map(({ path, text }) => `${path}: ${bad.exec(text)?.[0]}`),
    ).toEqual([])
  })

  test('names are nouns that say something', () => {
    const banned =
      /(?:^|[-/])(?:utils?|helpers?|common|misc|base|managers?|services?|handlers?|processors?|data|info)(?:\.ts$|\/)/
    const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test|\.suite|\.data|\.bench)?\.ts$/
    expect(
      product
        .filter(({ path }) => banned.test(path) || !kebab.test(path.slice(path.lastIndexOf('/') + 1)))
        .map(({ path }) => path),
    ).toEqual([])
  })
})

/** Names that are a provider's and also a word of ours: formats bear them, and so does what a model's row says. */
const shared = new Set(['gemini', 'v0', 'none', 'meta', 'prism'])

function stripComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

function circleFrom(start: string, graph: ReadonlyMap<string, readonly string[]>): string | undefined {
  const seen = new Set<string>()
  const stack = [...(graph.get(start) ?? [])]
  for (let path = stack.pop(); path !== undefined; path = stack.pop()) {
    if (path === start) return start
    if (seen.has(path)) continue
    seen.add(path)
    stack.push(...(graph.get(path) ?? []))
  }
  return undefined
}

/** Functions longer than 60 lines, by their indentation. One that holds named functions of its own is a closure: its parts are counted instead. */
function longFunctions({ path, lines }: Source): string[] {
  const found: string[] = []
  for (const [at, line] of lines.entries()) {
    const opening =
      /^(\s*)(?:export )?(?:async )?(?:function\*? (\w+)|(?:readonly )?(?:const )?(\w+)(?:: [^=]+)? = (?:async )?\([^)]*\)[^=]*=> \{$|(\w+)\([^)]*\)(?:: [^{]+)? \{$)/.exec(
        line,
      )
    if (!opening || /^\s*(?:if|for|while|switch|catch)\b/.test(line)) continue
    const indent = opening[1] ?? ''
    const length =
      lines.slice(at + 1).findIndex((end) => end === `${indent}}` || end === `${indent}},` || end === `${indent}})`) + 2
    const body = lines.slice(at + 1, at + length)
    const holds = body.some((inner) =>
      new RegExp(`^${indent}  (?:async )?(?:function|const \\w+ = (?:async )?\\(|return \\{$)`).test(inner),
    )
    if (length > 60 && !holds)
      found.push(`${path}:${at + 1} ${opening[2] ?? opening[3] ?? opening[4]}: ${length} lines`)
    if (length > 160) found.push(`${path}:${at + 1} closure of ${length} lines`)
  }
  return found
}
