/** Environment variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>

const reference = /^os\.environ\/(\w+)$/

export interface Resolved {
  readonly value: unknown
  /** references to variables that are not set: where, and which */
  readonly missing: readonly { readonly path: readonly (string | number)[]; readonly name: string }[]
}

/** Replaces every `os.environ/NAME` by the variable's value; one that is not set leaves its member out. */
export function resolveVariables(value: unknown, variables: Variables): Resolved {
  const missing: { path: readonly (string | number)[]; name: string }[] = []

  function walk(node: unknown, path: readonly (string | number)[]): unknown {
    if (typeof node === 'string') {
      const name = reference.exec(node)?.[1]
      if (name === undefined) return node
      const found = variables[name]
      if (found !== undefined && found !== '') return found
      missing.push({ path, name })
      return undefined
    }
    if (Array.isArray(node)) return node.map((item, at) => walk(item, [...path, at]))
    if (typeof node !== 'object' || node === null) return node
    const entries = Object.entries(node).map(([key, member]) => [key, walk(member, [...path, key])] as const)
    return Object.fromEntries(entries.filter(([, member]) => member !== undefined))
  }

  return { value: walk(value, []), missing }
}
