import type { Group } from 'turnpike-core/internal/router/pool'
import type { Admitted } from '../admission/admission.ts'
import type { Exchange } from '../vocabulary/exchange.ts'
import type { Principal } from '../vocabulary/principal.ts'

/** What is known of an exchange when it goes to a provider: enough to book it if nobody ever hears how it ended. */
export interface Opening extends Pick<Exchange, 'id' | 'endpoint' | 'startedAt' | 'model' | 'stream'> {
  readonly principal: Principal
  readonly parties: Pick<Exchange, 'tags' | 'endUser' | 'metadata'>
  readonly route: Group
  readonly inputTokens: number
  /** of budget periods and models that its spend will belong in */
  readonly buckets: readonly string[]
}

/** What was spent, and the rows that prove it. */
export interface Ledger {
  /** Notes on local disk that an exchange goes to a provider. */
  open(opening: Opening): void
  /** Books an exchange that ended: what was set aside becomes what was spent, and its row goes to disk and from there to the store. Once per exchange id. */
  settle(exchange: Exchange, admitted: Admitted | undefined): void
  /** rows that the store does not have yet */
  waiting(): number
  /** Writes everything that is still on its way to the store. */
  flush(): Promise<void>
  close(): Promise<void>
}
