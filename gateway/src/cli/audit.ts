import type { OpenStore } from './ledger.ts'

/** `turnpike audit verify`: proves that no entry of the audit trail was changed, taken out or put in; the exit code, 1 when one was. */
export async function auditVerify(open: OpenStore, print: (line: string) => void = console.log): Promise<number> {
  const store = await open()
  try {
    const { rows, brokenAt } = await store.audit.verify()
    if (brokenAt === undefined) {
      print(`${rows} entries of the audit trail: each follows from the one before, none was changed`)
      return 0
    }
    print(
      `entry ${brokenAt} does not follow from the ${rows} before it: it, or one that stood before it, was changed, taken out or put in`,
    )
    return 1
  } finally {
    await store.close()
  }
}
