import { signBearer } from './bearer.ts'
import type { Secret } from './secret.ts'

/**
 * `api-key` for a resource's key, bearer for a Microsoft Entra ID token; a token is a JWT and a key never has its dots.
 * https://learn.microsoft.com/azure/ai-services/openai/reference#authentication
 */
export function signAzure(secret: Secret, headers: Headers, url: URL): void {
  const value = secret.for(url)
  if (/^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(value)) signBearer(secret, headers, url)
  else headers.set('api-key', value)
}
