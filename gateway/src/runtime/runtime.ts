/** What a listening server needs from its maker. */
export interface Serving {
  readonly hostname: string
  readonly port: number
  /** whether other processes of this machine may listen on the same port: the kernel shares connections out among them */
  readonly reusePort?: boolean
  readonly handle: (request: Request, peer: { readonly address: string | undefined }) => Promise<Response>
  /** an answer to what even the handler could not take; never with a stack */
  readonly refuse: (thrown: unknown) => Response
}

/** A server that listens. */
export interface Listening {
  readonly port: number
  readonly url: string
  /** takes nothing new, lets what runs finish, then resolves */
  stop(): Promise<void>
  /** cuts what is left */
  cut(): void
}
