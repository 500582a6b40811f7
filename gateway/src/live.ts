import type { Config } from './config/config.ts'

/** How taking over a changed configuration went. */
export type Reloaded =
  | {
      readonly taken: true
      /** whether it says anything else than before */
      readonly changed: boolean
      /** what was changed and acts only after a restart */
      readonly needsRestart: readonly string[]
      readonly warnings: readonly string[]
    }
  /** the old configuration goes on; each complaint has its file, line and column */
  | { readonly taken: false; readonly complaints: readonly string[] }

/** The configuration of the moment. */
export interface Live {
  readonly config: Config
  /** when the configuration was taken over, in milliseconds since 1970 */
  readonly since: number
  /** the last one that could not be taken over, since the last that was */
  readonly refused: readonly string[] | undefined
  /** changed in the file, and acting only after a restart */
  readonly needsRestart: readonly string[]
  /** reads the configuration again and goes on with it, or with the old one where it cannot be served */
  reload(): Promise<Reloaded>
}
