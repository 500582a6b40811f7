/** So many ids stand for all that something happened to. */
const examplesShown = 3
const longestId = 48

/** Something that happened to some things of a kind. */
export interface Remark {
  readonly what: string
  readonly count: number
  /** ids of the first few */
  readonly examples: readonly string[]
}

/** What came of one kind of thing. */
export interface KindReport {
  readonly kind: string
  readonly found: number
  /** that are new here; with a dry run: that would be */
  readonly imported: number
  /** that were here already, and were left as they are */
  readonly there: number
  readonly skipped: readonly Remark[]
  /** fields that this gateway has nothing for */
  readonly left: readonly Remark[]
  /** what was changed so that it fits */
  readonly adjusted: readonly Remark[]
}

export interface ImportReport {
  readonly applied: boolean
  readonly kinds: readonly KindReport[]
  /** tables that hold rows and are not brought over */
  readonly tables: readonly string[]
}

/** Counts what comes of one kind. */
export interface Tally {
  add(counts: { readonly found?: number; readonly imported?: number; readonly there?: number }): void
  skip(reason: string, id: string): void
  left(field: string, id: string): void
  adjust(what: string, id: string): void
  report(): KindReport
}

export function createTally(kind: string): Tally {
  const counts = { found: 0, imported: 0, there: 0 }
  const skipped = remarks()
  const left = remarks()
  const adjusted = remarks()
  return {
    add({ found = 0, imported = 0, there = 0 }) {
      counts.found += found
      counts.imported += imported
      counts.there += there
    },
    skip: skipped.note,
    left: left.note,
    adjust: adjusted.note,
    report: () => ({ kind, ...counts, skipped: skipped.all(), left: left.all(), adjusted: adjusted.all() }),
  }
}

function remarks() {
  const byText = new Map<string, { count: number; readonly examples: string[] }>()
  return {
    note(what: string, id: string): void {
      const remark = byText.get(what) ?? { count: 0, examples: [] }
      byText.set(what, remark)
      remark.count++
      if (remark.examples.length < examplesShown) remark.examples.push(shown(id))
    },
    all: (): readonly Remark[] => [...byText].map(([what, { count, examples }]) => ({ what, count, examples })),
  }
}

/** An id as one short word of a line. */
function shown(id: string): string {
  const line = id.replace(/[^\x21-\x7e\u00a0-\uffff]/g, '?')
  return line.length > longestId ? `${line.slice(0, longestId - 1)}…` : line
}

/** The report as lines for people. */
export function linesOf({ applied, kinds, tables }: ImportReport): readonly string[] {
  const heads = ['', 'found', applied ? 'imported' : 'to import', 'already there', 'skipped']
  const rows = kinds.map(({ kind, found, imported, there, skipped }) => [
    kind,
    ...[found, imported, there, total(skipped)].map(String),
  ])
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ')
  return [
    line(heads).trimEnd(),
    ...rows.map(line),
    ...section('Skipped:', kinds, ({ skipped }) => skipped),
    ...section('Fields that do not act here and are left out:', kinds, ({ left }) => left),
    ...section('Changed on the way:', kinds, ({ adjusted }) => adjusted),
    ...(tables.length > 0 ? ['', `Tables with rows that are not brought over: ${tables.join(', ')}`] : []),
    '',
    applied
      ? 'Imported. Gateways that run on this store must be restarted to count the spend that came with it.'
      : 'Nothing was written. Give --apply to import.',
  ]
}

function section(
  title: string,
  kinds: readonly KindReport[],
  of: (kind: KindReport) => readonly Remark[],
): readonly string[] {
  const lines = kinds.flatMap((kind) =>
    of(kind).map(({ what, count, examples }) => {
      const more = count > examples.length ? ', …' : ''
      return `  ${kind.kind}: ${what} (${count}: ${examples.join(', ')}${more})`
    }),
  )
  return lines.length === 0 ? [] : ['', title, ...lines]
}

function total(remarks: readonly Remark[]): number {
  return remarks.reduce((sum, { count }) => sum + count, 0)
}
