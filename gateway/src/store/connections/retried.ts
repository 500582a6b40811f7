/** What Postgres says when it took a transaction back for another one's sake: nothing was done, and it may be done again. */
const takenBack: ReadonlySet<unknown> = new Set(['40001', '40P01'])

/** Whether a statement or transaction failed only because another one was in its way. */
export function wasTakenBack(thrown: unknown): boolean {
  return takenBack.has(stateOf(thrown))
}

/** Whether a row was refused because of a value that must be unique. */
export function wasTaken(thrown: unknown): boolean {
  return stateOf(thrown) === '23505'
}

/** Runs a whole transaction again, a few times and after a short random wait, while it fails in a way that `again` names. */
export async function retried<T>(work: () => Promise<T>, again = wasTakenBack, tries = 6): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work()
    } catch (thrown) {
      if (tried >= tries || !again(thrown)) throw thrown
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 15 * tried))
    }
  }
}

/** The SQLSTATE of an error: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function stateOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
}
