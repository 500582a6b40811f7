import { sql } from 'kysely'
import { rebuild } from '../ledger/pages.ts'
import type { Migration } from './migration.ts'

/** What each deployment has spent became a balance; those of the rows that were there before are made from the ledger. */
export const deploymentBalances: Migration = {
  name: '006-deployment-balances',
  up: (_, dialect) => [
    async (db) => {
      // a long ledger takes longer than a statement may
      if (dialect === 'postgres') await sql`set local statement_timeout = 0`.execute(db)
      await rebuild({ db, dialect })
    },
  ],
}
