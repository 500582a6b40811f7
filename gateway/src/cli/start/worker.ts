/** What a worker tells its supervisor, and is told by it. */
export type WorkerMessage = { readonly listening: string }
export type SupervisorMessage = { readonly makeWay: true }

/** The place of a worker among its siblings, where this process is one. */
export interface WorkerPlace {
  readonly index: number
  readonly port: number
}

/** Set by the supervisor alone. */
const variable = 'TURNPIKE_WORKER'

export function placeIn(variables: Readonly<Record<string, string | undefined>>): WorkerPlace | undefined {
  const [index, port] = (variables[variable] ?? '').split(':').map(Number)
  return Number.isInteger(index) && Number.isInteger(port)
    ? { index: index as number, port: port as number }
    : undefined
}

export function variablesFor({ index, port }: WorkerPlace): Readonly<Record<string, string>> {
  return { [variable]: `${index}:${port}` }
}

/** Tells the supervisor that this worker listens, and hears what it wants; without a supervisor the worker leaves. */
export function reportTo(parent: NodeJS.Process, on: { makeWay(): void; orphaned(): void }, url: string): void {
  parent.on('message', (message: SupervisorMessage) => {
    if (message?.makeWay) on.makeWay()
  })
  parent.on('disconnect', on.orphaned)
  const listening: WorkerMessage = { listening: url }
  parent.send?.(listening)
}
