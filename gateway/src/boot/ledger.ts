import { cost } from 'turnpike-core/internal/models/cost'
import type { Dispatcher } from 'turnpike-core/internal/router/dispatch'
import { priceFor } from 'turnpike-core/internal/router/price'
import type { Usage } from 'turnpike-core/internal/vocabulary/usage'
import type { Config } from '../config/config.ts'
import { createMemoryJournal } from '../journal/memory-journal.ts'
import { openJournal } from '../journal/open-journal.ts'
import { createBooking } from '../ledger/booking.ts'
import { createLedger, tokenCounter } from '../ledger/create-ledger.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { lostRow, type PriceLost } from '../ledger/lost.ts'
import type { Shared } from '../shared/shared.ts'
import type { LedgerRow } from '../store/ledger/row.ts'
import type { Store } from '../store/store.ts'

interface LedgerPorts {
  /** which tokens count is read where it is needed: it may change while it acts */
  readonly config: Pick<Config, 'general' | 'governance'>
  /** whether it is a visit, which leaves nothing on disk */
  readonly visiting?: boolean | undefined
  readonly store: Store
  readonly shared: Shared
  readonly router: Dispatcher
  readonly now: () => number
  readonly log: (line: string) => void
}

/** The ledger over its journal. What a dead process left in the same home is booked first. */
export async function openLedger(ports: LedgerPorts): Promise<{ readonly ledger: Ledger; close(): Promise<void> }> {
  const { config, store, shared, router, now, log } = ports
  const booking = createBooking(store, shared)
  const delivery = {
    ...batches[store.dialect],
    write: booking.write,
    now,
    onError: (thrown: unknown, waiting: number): void =>
      log(
        `the ledger could not write to the store and will try again, ${waiting} rows are waiting: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      ),
  }
  const countedTokens = (usage: Usage) => tokenCounter(config.governance.limits.countedTokens)(usage)
  const { database, home } = config.general
  if (ports.visiting || (database.kind === 'sqlite' && database.path === ':memory:')) {
    const ledger = createLedger({ journal: createMemoryJournal<LedgerRow>(delivery), countedTokens })
    return { ledger, close: () => ledger.close() }
  }
  const { journal, found, adopted } = await openJournal<LedgerRow>({ ...delivery, home })
  const rows = [...found.closed, ...found.open.map((stub) => lostRow(stub, now(), priceWith(router)))]
  booking.adopt(rows)
  for (const row of rows) journal.close(row)
  if (rows.length > 0)
    log(`${rows.length} exchanges of a process that ended are booked, ${found.open.length} of them as lost`)
  await adopted()
  const ledger = createLedger({ journal, countedTokens })
  return { ledger, close: () => ledger.close() }
}

/** How rows are gathered for the store: batches that are made ready come between requests, so they are small. */
const batches = {
  sqlite: { flushMs: 20, batchRows: 256 },
  postgres: { flushMs: 20, batchRows: 64 },
} as const

/** The price of the deployment that an exchange was sent to, if it still is one. */
function priceWith(router: Dispatcher): PriceLost {
  return ({ deploymentId, startedAt }, usage) => {
    const deployment = router.pool.deployments.find(({ id }) => id === deploymentId)
    const price = deployment && priceFor(deployment, startedAt)
    return price && cost(usage, price)
  }
}
