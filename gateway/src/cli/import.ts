import { importLiteLLM } from '../import-litellm/import-litellm.ts'
import type { Sealing } from '../sealing/sealing.ts'
import type { ResetClock } from '../vocabulary/duration.ts'
import type { OpenStore } from './ledger.ts'

export interface ImportCommand {
  /** `--database-url`: LiteLLM's database */
  readonly source: string
  /** `--apply`: without it nothing is written */
  readonly apply?: boolean
  /** `--salt-key`: LiteLLM's salt key, or its master key where it had none */
  readonly saltKey?: string | undefined
  readonly open: OpenStore
  readonly sealing: Sealing
  readonly clock?: ResetClock | undefined
}

/** `turnpike import litellm`: brings a LiteLLM database over; the exit code. What is skipped is told and is no failure. */
export async function importFromLiteLLM(
  { source, apply = false, saltKey, open, sealing, clock }: ImportCommand,
  print: (line: string) => void = console.log,
): Promise<number> {
  const store = await open()
  try {
    const options = { source, store, sealing, saltKey, apply, clock, print, now: Date.now }
    await importLiteLLM(options)
    return 0
  } finally {
    await store.close()
  }
}
