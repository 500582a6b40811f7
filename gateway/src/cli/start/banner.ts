import { keyVariables } from 'turnpike-core/internal/providers/environment'
import type { Config } from '../../config/config.ts'
import { version } from '../../version.ts'
import type { MasterKey } from '../master-key.ts'

export interface Bannered {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly config: Config
  readonly file: string | undefined
  readonly master: MasterKey
}

const shownModels = 12

/** What a person needs to know after the start: where, which models, and one line that works. Never a key, only its file. */
export function banner({ url, host, port, config, file, master }: Bannered): string {
  const names = [...new Set(config.models.map(({ model_name }) => model_name))]
  const plain =
    names.find((name) => !name.includes('*')) ??
    names.find((name) => name.endsWith('/*'))?.replace('/*', '/MODEL') ??
    'turnpike/echo'
  const key = master.file === undefined ? '$YOUR_MASTER_KEY' : `$(cat ${master.file})`
  const lines = [
    `Turnpike ${version} listens on ${url} (${host}:${port})`,
    `models: ${names.length === 0 ? 'none configured' : names.slice(0, shownModels).join(', ')}${names.length > shownModels ? `, … ${names.length} in all` : ''}`,
  ]
  if (file === undefined && names.length <= 1) lines.push(...keyHint())
  if (master.file !== undefined) lines.push(`master key: in ${master.file}`)
  if (master.weakness !== undefined)
    lines.push(
      `warning: the master key is weak (${master.weakness}); ${isLocal(host) ? 'listening on this machine only unless --insecure says otherwise' : 'and anybody on the network may try it'}`,
    )
  lines.push(
    'try it:',
    `  curl ${url}/v1/chat/completions -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '{"model":"${plain}","messages":[{"role":"user","content":"Hello"}]}'`,
  )
  return lines.join('\n')
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function keyHint(): string[] {
  const variables = keyVariables().map(({ variable }) => variable)
  const first = ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GEMINI_API_KEY'].filter((name) => variables.includes(name))
  const rest = variables.filter((name) => !first.includes(name)).slice(0, 9)
  return [
    `no provider key found: set one of ${[...first, ...rest].join(', ')}, … (${variables.length} variables are looked for, see docs/providers.md)`,
  ]
}
