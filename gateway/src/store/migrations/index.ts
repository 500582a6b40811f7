import { keysAndLedger } from './001-keys-and-ledger.ts'
import { tenants } from './002-tenants.ts'
import { books } from './003-books.ts'
import { litellmViews } from './004-litellm-views.ts'
import { measures } from './005-measures.ts'
import { deploymentBalances } from './006-deployment-balances.ts'
import type { Migration } from './migration.ts'

/** The schema's history, oldest first; only ever appended to. */
export const migrations: readonly Migration[] = [
  keysAndLedger,
  tenants,
  books,
  litellmViews,
  measures,
  deploymentBalances,
]
