/** Who listens to which topic in this process. */
export interface News {
  tell(topic: string, message: string): void
  hear(topic: string, listener: (message: string) => void): () => void
}

/** One that throws does not keep the others from hearing; `onError` hears of it. */
export function createNews(onError: (error: unknown) => void): News {
  const listeners = new Map<string, Set<(message: string) => void>>()
  return {
    tell(topic, message) {
      for (const listener of [...(listeners.get(topic) ?? [])])
        try {
          listener(message)
        } catch (error) {
          onError(error)
        }
    },
    hear(topic, listener) {
      const topical = listeners.get(topic) ?? new Set()
      listeners.set(topic, topical)
      // the same function may listen twice
      const own = (message: string) => listener(message)
      topical.add(own)
      return () => {
        topical.delete(own)
        if (topical.size === 0 && listeners.get(topic) === topical) listeners.delete(topic)
      }
    },
  }
}
