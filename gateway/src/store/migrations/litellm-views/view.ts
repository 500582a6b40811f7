/** A view: its columns by name, in their order, and where its rows come from. */
export interface View {
  readonly name: string
  readonly columns: Readonly<Record<string, string>>
  /** from `from` on */
  readonly rows: string
}

export function viewText({ name, columns, rows }: View): string {
  const list = Object.entries(columns).map(([column, value]) => `${value} as "${column}"`)
  return `create view "${name}" as select ${list.join(', ')} ${rows}`
}
