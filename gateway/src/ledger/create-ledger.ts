import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Usage } from 'turnpike-core/internal/vocabulary/usage'
import type { Journal } from '../journal/journal.ts'
import { sharesOf } from '../store/ledger/balances.ts'
import type { LedgerRow } from '../store/ledger/row.ts'
import type { Ledger } from './ledger.ts'
import { stubOf } from './lost.ts'
import { createRecent } from './recent.ts'
import { rowOf } from './row.ts'

export interface LedgerPorts {
  readonly journal: Journal<LedgerRow>
  /** tokens of a usage that count against limits */
  readonly countedTokens: (usage: Usage) => number
}

/** The ledger of one process: rows go to its journal, and from there to the store. */
export function createLedger({ journal, countedTokens }: LedgerPorts): Ledger {
  const settled = createRecent()

  return {
    open(opening) {
      const { id, ...stub } = stubOf(opening)
      journal.open(id, { id, ...stub } as unknown as JsonObject)
    },
    settle(exchange, admitted) {
      if (!settled.add(exchange.id)) return
      const row = rowOf(exchange, admitted?.buckets ?? [])
      // what never ran has used nothing; what ran and did not say leaves the estimate
      const tokens = exchange.usage ? countedTokens(exchange.usage) : exchange.outcome === 'answered' ? undefined : 0
      admitted?.settle({ spend: row.spend, tokens, shares: sharesOf(row) })
      journal.close(row)
    },
    waiting: () => journal.waiting(),
    flush: () => journal.flush(),
    close: () => journal.shut(),
  }
}

/** Which tokens count against limits: LiteLLM's `token_rate_limit_type`. What came out of a provider's cache does not count as input. */
export function tokenCounter(kind: 'total' | 'input' | 'output'): (usage: Usage) => number {
  return ({ input, cacheRead, output }) => (kind === 'output' ? 0 : input - cacheRead) + (kind === 'input' ? 0 : output)
}
