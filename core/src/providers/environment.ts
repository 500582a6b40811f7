import type { Environment } from '../credentials/index.ts'
import { providers } from './index.ts'
import type { Provider } from './provider.ts'

/** The providers that the environment holds a key for, in the catalog's order. */
export function providersInEnvironment(env: Environment): Provider[] {
  return [...providers.values()].filter(({ keyEnv }) => keyEnv.some((name) => env[name]?.trim()))
}

/** Every environment variable that may hold a provider's key, with the providers that read it. */
export function keyVariables(): { readonly variable: string; readonly providers: readonly string[] }[] {
  const readers = new Map<string, string[]>()
  for (const { name, keyEnv } of providers.values())
    for (const variable of keyEnv) readers.set(variable, [...(readers.get(variable) ?? []), name])
  return [...readers].map(([variable, names]) => ({ variable, providers: names }))
}
