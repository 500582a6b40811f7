import type { Provider } from '../provider.ts'

/** The version that is asked for when nobody names one. */
const defaultVersion = '2025-02-01-preview'

/** Versions by which the v1 API is meant: one root for all deployments, the model in the body. */
const v1Versions: ReadonlySet<string> = new Set(['v1', 'latest', 'preview'])

/**
 * Azure's address of a call: under the deployment for chat, under the resource for responses, or the v1 API.
 * https://learn.microsoft.com/azure/ai-services/openai/reference, …/api-version-lifecycle
 */
export const azureUrl: NonNullable<Provider['url']> = ({ base, path, model, apiVersion, format }) => {
  const [bare = '', query = ''] = path.split('?', 2)
  const url = (root: string, version: string | undefined): string => {
    const params = [query, version === undefined ? '' : `api-version=${encodeURIComponent(version)}`]
      .filter(Boolean)
      .join('&')
    return root + (root.endsWith(bare) ? '' : bare) + (params && `?${params}`)
  }
  if (base.endsWith(bare)) return url(base, apiVersion)
  const isResponses = format === 'openai-responses'
  const deployment = base.indexOf('/openai/deployments/')
  if (deployment >= 0 && !isResponses) return url(base, apiVersion ?? defaultVersion)
  const root = (deployment >= 0 ? base.slice(0, deployment) : base).replace(/\/openai(?:\/v1)?$/, '')
  const isV1 = /\/openai\/v1$/.test(base) || (apiVersion === undefined ? isResponses : v1Versions.has(apiVersion))
  if (isV1) return url(`${root}/openai/v1`, apiVersion === 'preview' ? apiVersion : undefined)
  if (isResponses) return url(`${root}/openai`, apiVersion)
  return url(`${root}/openai/deployments/${encodeURIComponent(model)}`, apiVersion ?? defaultVersion)
}
