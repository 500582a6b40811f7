import { readEntry } from 'turnpike-core/internal/router/model-list/entry'
import type { Config } from '../config/config.ts'
import { readConfig } from '../config/read.ts'

const secretName = /key|secret|token|password|credential|authorization/i
const notSecret = /^(?:(?:input|output|cache).*token|max_.*tokens|token_)|_tokens$|_cost|tpm|header_name/

/** The value with every secret masked, by the name of its member and, for headers, by its shape. */
export function masked(value: unknown, name = ''): unknown {
  if (typeof value === 'string')
    return secretName.test(name) && !notSecret.test(name)
      ? '********'
      : value
          .replace(/\b(?:sk|gsk|xai|AIza)[-_]?[\w-]{12,}/g, '********')
          .replace(/(:\/\/[^:/@\s]+:)[^@/\s]+@/g, '$1********@')
  if (Array.isArray(value)) return value.map((item) => masked(item, name))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member, key)]))
}

/** Validates a configuration and prints what it amounts to. Throws `InvalidConfig`. */
export function check(file: string | undefined): void {
  const config = readConfig(file, process.env)
  for (const warning of config.warnings) console.error(`warning: ${warning}`)
  console.log(JSON.stringify(effective(config), null, 2))
}

function effective(config: Config) {
  return {
    general: masked({ ...config.general }),
    router: config.router,
    models: config.models.map((entry) => {
      const { deployment } = readEntry(entry, config.environment)
      return {
        model_name: entry.model_name,
        id: deployment.id,
        provider: deployment.provider.name,
        model: deployment.model,
        credential: deployment.secret ? 'set' : 'none',
        litellm_params: masked(entry.litellm_params),
        ...(entry.model_info && { model_info: entry.model_info }),
      }
    }),
  }
}
