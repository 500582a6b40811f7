import { isObject, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Endpoint } from '../../pipeline/route.ts'
import { version } from '../../version.ts'
import { type Field, fieldsOf } from './openapi.ts'
import { style } from './page-style.ts'
import { policyWords, summaryOf, tagOf, templateOf } from './paths.ts'

/** The router table as a page for people: without a script, and nothing in it is loaded from elsewhere. */
export function pageOf(endpoints: readonly Endpoint[]): string {
  const groups = new Map<string, Endpoint[]>()
  for (const endpoint of endpoints) groups.set(tagOf(endpoint), [...(groups.get(tagOf(endpoint)) ?? []), endpoint])
  const sorted = [...groups].sort(([a, [first]], [b, [second]]) => rank(first) - rank(second) || (a < b ? -1 : 1))
  const health = endpoints.some(({ paths }) => paths.includes('/health')) ? '/health' : '/health/readiness'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Turnpike API</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>Turnpike <small>${escaped(version)}</small></h1>
<p>One door to every model provider. Point a client at this address and give it a key as <code>Authorization: Bearer sk-…</code>;
the headers <code>x-api-key</code>, <code>api-key</code> and <code>x-goog-api-key</code> work as well.</p>
<p class="links"><a href="/openapi.json">OpenAPI 3.1</a><a href="${health}">Health</a></p>
<p class="note">How to configure and run it is in the README and the <code>docs</code> folder that come with it.</p>
</header>
<nav aria-label="Groups">${sorted.map(([tag, rows]) => `<a href="#${escaped(tag)}">${escaped(tag)} <small>${rows.length}</small></a>`).join('')}</nav>
<main>
${sorted.map(([tag, rows]) => section(tag, rows)).join('\n')}
</main>
</body>
</html>
`
}

/** Model calls come first. */
function rank(endpoint: Endpoint | undefined): number {
  return endpoint?.kind === 'surface' ? 0 : 1
}

function section(tag: string, rows: readonly Endpoint[]): string {
  return `<section id="${escaped(tag)}"><h2>${escaped(tag)}</h2>${rows.map(entry).join('')}</section>`
}

function entry(endpoint: Endpoint): string {
  const [path = '', ...aliases] = endpoint.paths.map((one) => templateOf(one).path)
  const more = detailsOf(endpoint, aliases)
  const head = `<span class="method ${endpoint.method.toLowerCase()}">${endpoint.method}</span> <code class="path">${escaped(path)}</code><span class="who">${policyWords[endpoint.policy]}</span><span class="summary">${escaped(summaryOf(endpoint))}</span>`
  return more === ''
    ? `<div class="entry">${head}</div>`
    : `<details class="entry"><summary>${head}</summary>${more}</details>`
}

function detailsOf(endpoint: Endpoint, aliases: readonly string[]): string {
  const also =
    aliases.length === 0 ? '' : `<p>Also under ${aliases.map((one) => `<code>${escaped(one)}</code>`).join(', ')}</p>`
  if (endpoint.kind === 'surface') return also
  return `${also}${table('Query', fieldsOf(endpoint.querySchema))}${table('Body', fieldsOf(endpoint.body))}`
}

function table(name: string, fields: readonly Field[]): string {
  if (fields.length === 0) return ''
  const rows = fields.map(
    ({ name: field, schema, required }) =>
      `<tr><td><code>${escaped(field)}</code></td><td>${escaped(typeWords(schema))}</td><td>${required ? 'needed' : ''}</td></tr>`,
  )
  return `<table><caption>${name}</caption><tbody>${rows.join('')}</tbody></table>`
}

/** A schema in a few words: `string`, `list of string`, `asc, desc`. */
export function typeWords(schema: JsonObject): string {
  const { anyOf, enum: choices, type, items } = schema
  if (Array.isArray(choices)) return choices.map(String).join(', ')
  if ('const' in schema) return String(schema.const)
  if (Array.isArray(anyOf)) {
    const words = anyOf.filter(isObject).map(typeWords)
    return [...new Set(words.filter((word) => word !== 'null'))].join(' or ')
  }
  if (type === 'array') return isObject(items) ? `list of ${typeWords(items)}` : 'list'
  return wordOf(type)
}

function wordOf(type: Json | undefined): string {
  return typeof type === 'string' ? type : Array.isArray(type) ? type.join(' or ') : 'anything'
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
