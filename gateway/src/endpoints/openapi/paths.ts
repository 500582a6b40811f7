import type { Endpoint } from '../../pipeline/route.ts'

/** A path of the router table as OpenAPI writes it. */
export interface Template {
  /** `/team/{team_id}` */
  readonly path: string
  /** names of its parameters, and whether one may hold slashes */
  readonly parameters: readonly { readonly name: string; readonly slashes: boolean }[]
}

/** `/team/:team_id` → `/team/{team_id}`; a colon elsewhere, as before Google's verbs, is a colon. */
export function templateOf(path: string): Template {
  const parameters: { name: string; slashes: boolean }[] = []
  const template = path.replace(/(?<=\/):(\w+)(\+?)/g, (_, name: string, rest: string) => {
    parameters.push({ name, slashes: rest === '+' })
    return `{${name}}`
  })
  return { path: template, parameters }
}

/** Two templates that differ in the names of parameters only are one path. */
export function shapeOf({ path }: Template): string {
  return path.replace(/\{\w+\}/g, '{}')
}

/** The group that a row is shown in: the first part of its path that is no version. */
export function tagOf({ paths: [path = '/'] }: Pick<Endpoint, 'paths'>): string {
  return (
    path.split('/').find((part) => part !== '' && !/^v\d+(?:beta\d*|alpha)?$/.test(part) && !part.startsWith(':')) ??
    'gateway'
  )
}

/** Who may call a row, for people. */
export const policyWords = {
  public: 'anybody',
  key: 'any valid key',
  'own-keys': 'who manages keys',
  'own-spend': 'who reads spend',
  team: 'who manages teams',
  organization: 'who manages organizations',
  'read-all': 'who reads everything',
  admin: 'administrators',
} as const satisfies Record<Endpoint['policy'], string>

const formatNames = {
  'openai-chat': 'OpenAI Chat Completions',
  'openai-responses': 'OpenAI Responses',
  'anthropic-messages': 'Anthropic Messages',
  gemini: 'Google Gemini',
} as const

/** What a row does, in a sentence. */
export function summaryOf(endpoint: Endpoint): string {
  if (endpoint.kind === 'route') return endpoint.summary ?? ''
  const { format } = endpoint
  return `Calls a model in the format of ${format in formatNames ? formatNames[format as keyof typeof formatNames] : format}.`
}
