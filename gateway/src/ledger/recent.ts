/** Ids that were seen lately, in bounded memory: at least the last `most`, at most twice as many. */
export interface Recent {
  /** false when the id was seen before */
  add(id: string): boolean
}

export function createRecent(most = 5_000): Recent {
  let young = new Set<string>()
  let old = new Set<string>()
  return {
    add(id) {
      if (young.has(id) || old.has(id)) return false
      young.add(id)
      if (young.size >= most) {
        old = young
        young = new Set()
      }
      return true
    },
  }
}
