import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'

/** A model that was added over the API and cannot be served, with why. */
export interface BrokenModel {
  readonly id: string
  readonly name: string
  readonly why: string
}

/** The models that are served: those of the configuration, and those that were added over the API. They never overwrite each other. */
export interface Models {
  readonly declared: readonly ModelEntry[]
  added(): readonly ModelEntry[]
  broken(): readonly BrokenModel[]
  /** reads anew what was added over the API */
  reload(): Promise<void>
}
