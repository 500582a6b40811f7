/** Something a translation could not carry as it was. */
export interface Warning {
  /** dropped: left out · adjusted: changed to the nearest the target takes · emulated: done by other means */
  readonly kind: 'dropped' | 'adjusted' | 'emulated'
  /** where in the vocabulary's request: `messages.2.content.0`, `topK` */
  readonly path: string
  readonly why: string
}

/** A value with what was lost on the way to it. */
export interface Read<T> {
  readonly value: T
  readonly warnings: readonly Warning[]
}
