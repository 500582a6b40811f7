import type { Selectable } from 'kysely'

/** The ledger, and what is derived from it. */
export interface LedgerTables {
  readonly ledger: LedgerTable
  readonly balances: BalanceTable
  readonly rollups: RollupTable
}

export interface LedgerTable {
  readonly id: string
  readonly endpoint: string
  readonly startedAt: number
  readonly endedAt: number
  readonly firstByteMs: number | null
  readonly stream: number
  readonly keyHash: string
  readonly keyAlias: string | null
  readonly userId: string | null
  readonly teamId: string | null
  readonly organizationId: string | null
  readonly endUser: string | null
  readonly tags: string
  readonly model: string
  readonly modelGroup: string | null
  readonly deploymentId: string | null
  readonly provider: string | null
  readonly providerModel: string | null
  readonly apiBase: string | null
  readonly usageSource: string | null
  readonly inputTokens: number
  readonly freshTokens: number
  readonly cacheReadTokens: number
  readonly cacheWrite5mTokens: number
  readonly cacheWrite1hTokens: number
  readonly audioInTokens: number
  readonly imageInTokens: number
  readonly outputTokens: number
  readonly reasoningTokens: number
  readonly audioOutTokens: number
  readonly imageOutTokens: number
  readonly calls: string
  /** null: the price is unknown */
  readonly cost: number | null
  /** 1: something was used that the price has no rate for */
  readonly incomplete: number
  readonly spend: number
  readonly priceVersion: string | null
  readonly rates: string | null
  readonly outcome: string
  readonly status: number
  readonly errorCode: string | null
  readonly attempts: string
  readonly periods: string
  readonly metadata: string
  /** bucket → share, where several pay */
  readonly payers: string | null
  readonly requestedTier: string | null
  /** what the usage has besides the tokens above; null: nothing */
  readonly measures: string | null
}

export interface BalanceTable {
  readonly bucket: string
  readonly spent: number
}

export interface RollupTable {
  /** first millisecond of the UTC hour */
  readonly hour: number
  /** empty: everything */
  readonly entityKind: string
  readonly entityId: string
  readonly keyHash: string
  /** the provider's name of the model, else the name that was asked for */
  readonly model: string
  /** the model group that answered, else the name that was asked for */
  readonly modelGroup: string
  readonly provider: string
  readonly endpoint: string
  readonly requests: number
  readonly successes: number
  readonly failures: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly reasoningTokens: number
  readonly spend: number
}

export type LedgerRecord = Selectable<LedgerTable>
