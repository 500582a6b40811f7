import type { GatewayError } from '../kernel/faults.ts'

/** One try, or one deployment passed over, in the order in which they happened. Small: never holds a prompt. */
export type Attempt =
  | { readonly kind: 'answered'; readonly deployment: string; readonly group: string; readonly ms: number }
  | {
      readonly kind: 'failed'
      readonly deployment: string
      readonly group: string
      readonly ms: number
      readonly error: GatewayError
      /** it was not needed any more: another attempt had answered first */
      readonly reason?: 'hedged'
    }
  | {
      readonly kind: 'skipped'
      readonly deployment: string
      readonly group: string
      readonly why: 'cooling' | 'incapable' | 'over-limit' | 'not-allowed'
    }
