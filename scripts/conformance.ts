import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { casesOf, judge, kitFolder, type Verdict } from './kit.ts'

/** A row of a table: a name, how many passed, of how many. */
interface Row {
  readonly name: string
  readonly passed: number
  readonly total: number
}

function tally(verdicts: readonly Verdict[], namesOf: (verdict: Verdict) => readonly string[]): Row[] {
  const rows = new Map<string, { passed: number; total: number }>()
  for (const verdict of verdicts)
    for (const name of namesOf(verdict)) {
      const row = rows.get(name) ?? { passed: 0, total: 0 }
      row.total++
      if (verdict.failures.length === 0) row.passed++
      rows.set(name, row)
    }
  return [...rows]
    .map(([name, row]) => ({ name, ...row }))
    .sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1))
}

/** Like `tally`, counting single checks instead of whole cases. */
function tallyChecks(verdicts: readonly Verdict[]): Row[] {
  const rows = new Map<string, { passed: number; total: number }>()
  for (const { checks, failures } of verdicts)
    for (const check of checks) {
      const row = rows.get(check) ?? { passed: 0, total: 0 }
      row.total++
      if (!failures.some((failure) => failure.startsWith(`${check}: `))) row.passed++
      rows.set(check, row)
    }
  return [...rows].map(([name, row]) => ({ name, ...row }))
}

const percent = ({ passed, total }: Row): string => `${((100 * passed) / total).toFixed(1)} %`

function table(title: string, rows: readonly Row[]): string {
  const lines = rows.map(
    (row) => `| ${row.name} | ${row.passed} | ${row.total - row.passed} | ${row.total} | ${percent(row)} |`,
  )
  return [`| ${title} | passed | failed | cases | |`, '|---|---:|---:|---:|---:|', ...lines, ''].join('\n')
}

function report(verdicts: readonly Verdict[]): string {
  return [
    '<!-- written by `npm run conformance`; do not edit -->',
    '# Conformance',
    '',
    'Recorded exchanges with real providers, read and written again by this code. A case passes when its request keeps its',
    'meaning through our two halves, its answer, stream or error is read as the vendor meant it (text, calls, finish, usage,',
    'message), and its stream, written again in each of our formats, passes that format’s grammar. Counts only.',
    '',
    table(
      'wire format',
      tally(verdicts, ({ case: { format } }) => [format]),
    ),
    table('check', tallyChecks(verdicts)),
    table(
      'provider',
      tally(verdicts, ({ case: { provider } }) => [provider]),
    ),
    table(
      'feature',
      tally(verdicts, ({ case: { features } }) => features),
    ),
  ].join('\n')
}

function main(): void {
  const folder = kitFolder()
  if (folder === undefined) {
    console.error('No recorded exchanges: set TURNPIKE_KIT to a folder that has them.')
    process.exitCode = 1
    return
  }
  const verdicts = casesOf(folder).map(judge)
  const text = report(verdicts)
  console.log(text)
  if (process.argv.includes('--failures'))
    for (const { case: recorded, failures } of verdicts)
      for (const failure of failures.slice(0, 3)) console.log(`${recorded.id}: ${failure}`)
  writeFileSync(join(import.meta.dirname, '..', 'docs', 'conformance.md'), text)
}

main()
