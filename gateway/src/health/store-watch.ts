/** Whether the store answers, asked at most once at a time. */
export interface StoreWatch {
  /** when it last answered, and whether it does now; never waits longer than a second */
  look(): Promise<{ readonly answers: boolean; readonly lastAt: number }>
}

const patienceMs = 1000

export function createStoreWatch({
  ping,
  now,
}: {
  readonly ping: () => Promise<void>
  readonly now: () => number
}): StoreWatch {
  let lastAt = now()
  let running: Promise<boolean> | undefined

  function ask(): Promise<boolean> {
    running ??= ping()
      .then(() => {
        lastAt = now()
        return true
      })
      .catch(() => false)
      .finally(() => (running = undefined))
    return running
  }

  return {
    async look() {
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), patienceMs)
      })
      const answers = await Promise.race([ask(), late]).finally(() => clearTimeout(timer))
      return { answers, lastAt }
    },
  }
}
