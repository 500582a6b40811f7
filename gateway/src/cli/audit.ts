import type { OpenStore } from './ledger.ts'

/** `turnpike audit verify`: proves that no row of the audit trail was changed or removed; the exit code, 1 when one was. */
export async function auditVerify(open: OpenStore, print: (line: string) => void = console.log): Promise<number> {
  const store = await open()
  try {
    const { rows, brokenAt } = await store.audit.verify()
    if (brokenAt === undefined) print(`${rows} rows: the chain holds`)
    else print(`the chain breaks at ${brokenAt}, after ${rows} rows that hold`)
    return brokenAt === undefined ? 0 : 1
  } finally {
    await store.close()
  }
}
