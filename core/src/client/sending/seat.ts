/** Who shares a call. Only those of one tenant share. */
export interface Sharer {
  readonly tenant: string
  /** the name of the request, for the others' records */
  readonly id: string
}

/** A place in a shared call. */
export interface Seat {
  /** whether this one is booked with what the call cost; one who leaves before the end hands that on to whoever stays */
  pays(leaving: boolean): boolean
  /** the request that is booked with the cost */
  payer(): string
  /** blocks that have come and that this one has not taken */
  unread(): readonly Uint8Array[]
}
