import { type Environment, hostOf, isBoundTo, ownHosts } from '../credentials/index.ts'
import { GatewayError } from '../kernel/faults.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import type { Provider } from './provider.ts'

/** Where one call goes, beyond what the row says. */
export interface Place {
  readonly format: FormatId
  readonly model: string
  /** the format's path behind the versioned root, with its query: `/chat/completions` */
  readonly path: string
  readonly apiBase?: string
  readonly apiVersion?: string
  readonly env?: Environment
  /** values of placeholders, under the deployment's own names or LiteLLM's (`aws_region_name`) */
  readonly params?: Readonly<Record<string, string | undefined>>
}

/**
 * The URL of a call. A root that is given is taken as the vendor's documentation writes such roots: with its version segment or
 * without, with the full path or without. Never holds a credential. Throws `misconfigured`, naming what is missing.
 */
export function placeOf(provider: Provider, place: Place): string {
  const { root, query } = rootOf(provider, place)
  const url = provider.url
    ? provider.url({ base: root, path: place.path, model: place.model, format: place.format, ...versionOf(place) })
    : joined(root, place.path)
  return withQuery(url, query)
}

function versionOf({ apiVersion }: Place): { apiVersion?: string } {
  return apiVersion === undefined || apiVersion === '' ? {} : { apiVersion }
}

interface Root {
  /** without trailing slash and query */
  readonly root: string
  readonly query: string
}

function rootOf(provider: Provider, place: Place): Root {
  const env = place.env ?? {}
  const own = provider.bases?.[place.format] ?? provider.base
  const given = place.apiBase ?? firstBase(provider, env)
  if (given === undefined) {
    if (own === undefined) throw noBase(provider)
    return { root: trimmed(fill(own, provider, place)), query: '' }
  }
  const url = parsed(fill(given, provider, place), provider)
  const home = isBoundTo(url.host, ownHosts(provider, {}))
  // the vendor serves this format under another root of the same house
  if (home && provider.bases?.[place.format] !== undefined && !url.pathname.endsWith(pathOnly(place.path)))
    return { root: trimmed(fill(`${url.origin}${pathOf(own ?? '')}`, provider, place)), query: url.search }
  const path = completed(trimmed(url.pathname), {
    own: trimmed(pathOf(own ?? '')),
    based: own !== undefined,
    home,
    place,
  })
  return { root: url.origin + path, query: url.search }
}

function firstBase(provider: Provider, env: Environment): string | undefined {
  return (provider.baseEnv ?? []).map((name) => env[name]?.trim()).find(Boolean)
}

function noBase(provider: Provider): GatewayError {
  const variables = (provider.baseEnv ?? []).join(' or ')
  return new GatewayError(
    'misconfigured',
    `${provider.title} has no address of its own: give the deployment an api_base${variables && `, or set ${variables}`}.`,
    { provider: provider.name },
  )
}

const versionSegment = /^v\d+(?:(?:alpha|beta)\d*)?$/

/** Formats whose clients write the root without its version, even behind a path (`ANTHROPIC_BASE_URL`, `GOOGLE_GEMINI_BASE_URL`). */
const versionless: { readonly [F in FormatId]: boolean } = {
  'openai-chat': false,
  'openai-responses': false,
  'anthropic-messages': true,
  gemini: true,
}

interface RowPath {
  /** path of the row's own root */
  readonly own: string
  readonly based: boolean
  readonly home: boolean
  readonly place: Place
}

/** The path of a given root with what its writer left out. */
function completed(path: string, { own, based, home, place }: RowPath): string {
  if (path.endsWith(pathOnly(place.path))) return path
  const version = based ? lastSegment(own) : 'v1'
  const versioned = versionSegment.test(version) ? `/${version}` : ''
  if (versionSegment.test(lastSegment(path))) return path
  if (based && versioned !== '' && path === own.slice(0, -versioned.length)) return own
  if (path === '') return home ? own : versioned
  return versionless[place.format] ? path + versioned : path
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function pathOf(url: string): string {
  return /^https?:\/\/[^/?#]+([^?#]*)/i.exec(url)?.[1] ?? ''
}

function pathOnly(path: string): string {
  return path.split('?', 1)[0] ?? ''
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, '')
}

function parsed(given: string, provider: Provider): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new GatewayError('misconfigured', `The api_base of ${provider.title} must be an http or https URL.`, {
      provider: provider.name,
    })
  if (url.username !== '' || url.password !== '')
    throw new GatewayError(
      'misconfigured',
      `The api_base of ${provider.title} must not hold a user name or password: give the key as api_key.`,
      {
        provider: provider.name,
      },
    )
  return url
}

function joined(root: string, path: string): string {
  const at = path.indexOf('?')
  return root.endsWith(pathOnly(path)) ? root + (at < 0 ? '' : path.slice(at)) : root + path
}

/** Adds the query of a given root (`?a=b`) to a URL; where both name a parameter, the given one counts. */
function withQuery(url: string, query: string): string {
  if (query === '') return url
  const given = new URLSearchParams(query)
  const at = url.indexOf('?')
  const own =
    at < 0
      ? []
      : url
          .slice(at + 1)
          .split('&')
          .filter((pair) => !given.has(decodeURIComponent(pair.split('=', 1)[0] ?? '')))
  return `${at < 0 ? url : url.slice(0, at)}?${[...own, query.slice(1)].join('&')}`
}

/** Where values of placeholders are looked for, by name: the deployment's fields, then the environment. */
const sources: Readonly<Record<string, { readonly params: readonly string[]; readonly env: readonly string[] }>> = {
  region: { params: ['region', 'aws_region_name'], env: ['AWS_REGION_NAME', 'AWS_REGION', 'AWS_DEFAULT_REGION'] },
  resource: { params: ['resource', 'azure_resource'], env: ['AZURE_RESOURCE_NAME'] },
  account: { params: ['account', 'account_id'], env: [] },
  location: { params: ['location', 'vertex_location'], env: ['VERTEXAI_LOCATION', 'GOOGLE_CLOUD_LOCATION'] },
  workspace: { params: ['workspace'], env: [] },
}

function fill(url: string, provider: Provider, { params = {}, env = {} }: Place): string {
  return url.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
    const source = sources[name] ?? { params: [name], env: [] }
    const value = [...source.params.map((key) => params[key]), ...source.env.map((key) => env[key])].find(Boolean)
    if (value !== undefined && /^[\w-]+$/.test(value)) return value
    const problem = value === undefined ? `needs a ${name}` : `has a ${name} that is no plain name`
    const variables = [...source.env, ...(provider.baseEnv ?? [])].join(' or ')
    throw new GatewayError(
      'misconfigured',
      `The address of ${provider.title} ${problem}: set ${source.params.join(' or ')} (or api_base) on the deployment${variables && `, or ${variables} in the environment`}.`,
      { provider: provider.name, param: name },
    )
  })
}

/** Whether a given root leads away from the vendor's own hosts: to a proxy, a mirror or another server of the same format. */
export function isForeign(provider: Provider, apiBase: string | undefined): boolean {
  if (apiBase === undefined || provider.base === undefined) return false
  const host = hostOf(apiBase)
  return host === undefined || !isBoundTo(host, ownHosts(provider, {}))
}
