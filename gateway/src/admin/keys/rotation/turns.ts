const running = new Map<string, Promise<unknown>>()

/** Does one thing after the other where they are about the same: two corrections of one balance must not both start from it. */
export async function inTurn<T>(name: string, act: () => Promise<T>): Promise<T> {
  const before = running.get(name) ?? Promise.resolve()
  const mine = before.then(act, act)
  const quiet = mine.catch(() => {})
  running.set(name, quiet)
  try {
    return await mine
  } finally {
    if (running.get(name) === quiet) running.delete(name)
  }
}
