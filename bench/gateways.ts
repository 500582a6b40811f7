import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Served, serveScript } from './process.ts'

export const masterKey = 'sk-bench-master-key-0123456789'

export interface Place {
  /** where the provider is */
  readonly upstream: string
  /** folder for files that are gone afterwards */
  readonly scratch: string
  /** the stores of replicas; without them the gateway is alone, on SQLite */
  readonly stores?: { readonly postgres: string; readonly redis: string } | undefined
}

/** The gateway as people start it, with two models. */
export async function startGateway({ upstream, scratch, stores }: Place): Promise<Served> {
  const home = mkdtempSync(join(scratch, 'home-'))
  const file = join(home, 'config.yaml')
  const model = (name: string, target: string) =>
    `  - model_name: ${name}\n    litellm_params: {model: ${target}, api_base: "${upstream}/v1", api_key: sk-bench}\n`
  const database = stores ? stores.postgres : `sqlite:${join(home, 'bench.db')}`
  writeFileSync(
    file,
    `model_list:\n${model('gpt-4o', 'openai/gpt-4o')}${model('claude', 'anthropic/claude-sonnet-4-5')}general_settings:\n  master_key: ${masterKey}\n  database_url: "${database}"\n`,
  )
  return serveScript(
    'gateway/src/main.ts',
    ['--config', file, '--host', '127.0.0.1', '--port', '0'],
    { TURNPIKE_HOME: home, ...(stores && { REDIS_URL: stores.redis }) },
    /listens on http:\/\/[^:]+:(\d+)/,
  )
}

/** A key with a budget and nothing else. */
export async function plainKey(served: Served): Promise<string> {
  const { key } = await manage(served, '/key/generate', { models: ['gpt-4o', 'claude'], max_budget: 1_000_000 })
  return String(key)
}

/** The tag that governed calls bear; it has a budget. */
export const governedTag = 'bench'

/** A key of a user in a team: budgets on all three and on a tag, limits of requests and tokens on key and team. */
export async function governedKey(served: Served): Promise<string> {
  const limits = { rpm_limit: 100_000_000, tpm_limit: 100_000_000_000 }
  const budget = { max_budget: 1_000_000, budget_duration: '30d' }
  await manage(served, '/user/new', { user_id: 'bench-user', auto_create_key: false, ...budget })
  await manage(served, '/team/new', { team_id: 'bench-team', ...budget, ...limits })
  await manage(served, '/tag/new', { name: governedTag, ...budget })
  const { key } = await manage(served, '/key/generate', {
    team_id: 'bench-team',
    user_id: 'bench-user',
    ...budget,
    ...limits,
  })
  return String(key)
}

async function manage({ port }: Served, path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const told = (await answer.json()) as Record<string, unknown>
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(told)}`)
  return told
}
