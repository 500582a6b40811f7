/** The answer, or undefined when it takes longer. */
export function within<T>(answer: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms)
    answer.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

/** The answer, or `late` in a rejection. */
export async function deadline<T>(answer: Promise<T>, ms: number, late: string): Promise<T> {
  const found = await within(
    answer.then((value) => ({ value })),
    ms,
  )
  if (!found) throw new Error(late)
  return found.value
}
