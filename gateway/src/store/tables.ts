import type { Insertable, Kysely, Selectable } from 'kysely'

/** Columns in camelCase; in SQL their names are snake_case. Money and times are integers, booleans 0 or 1, JSON is text. */
export interface Tables {
  readonly keys: KeyTable
  readonly ledger: LedgerTable
  readonly balances: BalanceTable
  readonly rollups: RollupTable
}

export type Sql = Kysely<Tables>

/** Runs a compiled statement with these values on the store's connection; whether it changed anything. */
export type Run = (text: string, values: readonly unknown[]) => boolean

export interface KeyTable {
  readonly hash: string
  readonly name: string
  readonly alias: string | null
  readonly models: string
  readonly aliases: string
  readonly userId: string | null
  readonly teamId: string | null
  readonly organizationId: string | null
  readonly maxBudget: number | null
  readonly budgetDuration: string | null
  readonly expiresAt: number | null
  readonly blocked: number
  readonly allowedRoutes: string
  readonly rpmLimit: number | null
  readonly tpmLimit: number | null
  readonly maxParallelRequests: number | null
  readonly metadata: string
  readonly extra: string
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
  readonly updatedBy: string
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
}

export interface BalanceTable {
  readonly bucket: string
  readonly spent: number
}

export interface RollupTable {
  /** first millisecond of the UTC hour */
  readonly hour: number
  readonly keyHash: string
  readonly model: string
  readonly provider: string
  readonly requests: number
  readonly failures: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly spend: number
}

export type KeyRecord = Selectable<KeyTable> & Insertable<KeyTable>
export type LedgerRecord = Selectable<LedgerTable>

/** A member for an object, absent when the column is null. */
export function present<K extends string, V>(name: K, value: V | null): { readonly [_ in K]?: V } {
  return value === null ? {} : ({ [name]: value } as { readonly [_ in K]: V })
}
