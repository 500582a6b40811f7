/** The host of a URL, `{placeholder}`s as `*`; undefined when the text is no http(s) URL. */
export function hostOf(url: string): string | undefined {
  const text = /^https?:\/\/(?:[^/?#@]*@)?([^/?#@]+)/i.exec(url)?.[1]
  if (text === undefined) return undefined
  if (text.includes('{')) return text.replaceAll(/\{[^}]*\}/g, '*').toLowerCase()
  return URL.canParse(url) ? new URL(url).host : undefined
}

/** Whether a host (as `URL.host` writes it) is one of those listed; `*` stands for one label, a lone `*` for any host. */
export function isBoundTo(host: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => pattern === '*' || pattern === host || matches(host, pattern))
}

function matches(host: string, pattern: string): boolean {
  if (!pattern.includes('*')) return false
  const source = pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, (sign) => (sign === '*' ? '[a-z0-9-]+' : `\\${sign}`))
  return new RegExp(`^${source}$`).test(host)
}
