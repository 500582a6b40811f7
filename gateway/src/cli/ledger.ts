import { toUsd } from 'turnpike-core/internal/kernel/money'
import { type PriceRow, reprice } from '../ledger/reprice.ts'
import { rebuild, verify } from '../ledger/verify.ts'
import type { Store } from '../store/store.ts'

/** Opens the store that the ledger is in. It is closed again, whatever happens. */
export type OpenStore = () => Promise<Store>

type Print = (line: string) => void

const printed = 100

/** `turnpike ledger verify`: proves that ledger, balances and rollups say the same; the exit code, 1 when they do not. */
export function ledgerVerify(open: OpenStore, print: Print = console.log): Promise<number> {
  return within(open, async (store) => {
    const { difference, mismatches } = await verify(store)
    for (const { what, ledger, derived } of mismatches.slice(0, printed))
      print(`${what}: the ledger has ${ledger}, the store says ${derived}`)
    if (mismatches.length > printed) print(`and ${mismatches.length - printed} more`)
    const rows = await store.ledger.count({})
    if (difference === 0) print(`${rows} rows: balances and rollups agree with the ledger, difference 0`)
    else print(`${rows} rows: ${mismatches.length} figures differ; turnpike ledger rebuild computes them anew`)
    return difference === 0 ? 0 : 1
  })
}

/** `turnpike ledger rebuild`: computes balances and rollups anew from the ledger. */
export function ledgerRebuild(open: OpenStore, print: Print = console.log): Promise<number> {
  return within(open, async (store) => {
    print(`balances and rollups are computed anew from ${await rebuild(store)} rows`)
    return 0
  })
}

/** `turnpike ledger reprice`: books what rows of unknown price cost, where it is known now. */
export function ledgerReprice(open: OpenStore, price: PriceRow, print: Print = console.log): Promise<number> {
  return within(open, async (store) => {
    const { unpriced, corrected, added } = await reprice(store.ledger, price)
    print(`${unpriced} rows without a price; ${corrected} corrected now, $${toUsd(added).toFixed(9)} added`)
    return 0
  })
}

async function within(open: OpenStore, work: (store: Store) => Promise<number>): Promise<number> {
  const store = await open()
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
