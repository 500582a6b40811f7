import type { Endpoint, Params } from '../route.ts'

/** The row for a method and a raw path; or that the path exists for other methods; or nothing. */
export type Match =
  | { readonly found: 'endpoint'; readonly endpoint: Endpoint; readonly params: Params }
  | { readonly found: 'other-method'; readonly methods: readonly string[] }
  | { readonly found: 'nothing' }

interface Pattern {
  readonly expression: RegExp
  readonly names: readonly string[]
  readonly endpoint: Endpoint
}

/** The router over the table. It sees the raw path as it came: nothing is decoded, collapsed or rebuilt before the match. */
export function createMatcher(table: readonly Endpoint[]): (method: string, path: string) => Match {
  const exact = new Map<string, Endpoint[]>()
  const patterns: Pattern[] = []
  for (const endpoint of table)
    for (const path of endpoint.paths) {
      if (path.includes(':')) patterns.push(patternOf(path, endpoint))
      else exact.set(path, [...(exact.get(path) ?? []), endpoint])
    }

  return (method, path) => {
    const rows = exact.get(path)
    const direct = rows?.find((row) => row.method === method)
    if (direct) return { found: 'endpoint', endpoint: direct, params: {} }
    const methods = new Set<string>(rows?.map((row) => row.method))
    for (const { expression, names, endpoint } of patterns) {
      const captured = expression.exec(path)
      const params = captured && decodeAll(names, captured)
      if (!params) continue
      if (endpoint.method === method) return { found: 'endpoint', endpoint, params }
      methods.add(endpoint.method)
    }
    return methods.size > 0 ? { found: 'other-method', methods: [...methods] } : { found: 'nothing' }
  }
}

function patternOf(path: string, endpoint: Endpoint): Pattern {
  const names: string[] = []
  const source = path
    .replace(/[.*?^${}()|[\]\\]/g, '\\$&')
    .replace(/(?<=\/):(\w+)(\+?)/g, (_, name: string, rest: string) => {
      names.push(name)
      return rest === '+' ? '([^?#]+?)' : '([^/?#:]+)'
    })
  return { expression: new RegExp(`^${source}$`), names, endpoint }
}

/** Parameters are decoded once, after the match; one that is not valid percent-encoding or smuggles control characters is no match. */
function decodeAll(names: readonly string[], captured: readonly string[]): Params | undefined {
  const params: Record<string, string> = {}
  for (const [at, name] of names.entries()) {
    try {
      const value = decodeURIComponent(captured[at + 1] ?? '')
      if (/[\p{Cc}]/u.test(value) || value.split('/').includes('..')) return undefined
      params[name] = value
    } catch {
      return undefined
    }
  }
  return params
}

/** Path and query of a request target, without trusting it to be a URL. */
export function targetOf(url: string): { path: string; query: string } {
  const scheme = url.indexOf('://')
  const from = scheme < 0 ? 0 : url.indexOf('/', scheme + 3)
  const target = from < 0 ? '/' : url.slice(from)
  const hash = target.indexOf('#')
  const bare = hash < 0 ? target : target.slice(0, hash)
  const mark = bare.indexOf('?')
  return mark < 0 ? { path: bare, query: '' } : { path: bare.slice(0, mark), query: bare.slice(mark + 1) }
}
