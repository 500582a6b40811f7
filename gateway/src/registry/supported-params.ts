import { callOf } from 'turnpike-core/internal/client/call'
import { compile } from 'turnpike-core/internal/client/compile'
import { Secret } from 'turnpike-core/internal/credentials/index'
import { isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Deployment } from 'turnpike-core/internal/router/deployment'

const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }]

/** Parameters of OpenAI's chat format (https://platform.openai.com/docs/api-reference/chat/create), each with a body that uses it. */
const samples: Readonly<Record<string, JsonObject>> = {
  temperature: { temperature: 0.5 },
  top_p: { top_p: 0.5 },
  n: { n: 2 },
  stream: { stream: true },
  stream_options: { stream: true, stream_options: { include_usage: true } },
  stop: { stop: ['end'] },
  max_tokens: { max_tokens: 2048 },
  max_completion_tokens: { max_completion_tokens: 2048 },
  presence_penalty: { presence_penalty: 0.1 },
  frequency_penalty: { frequency_penalty: 0.1 },
  logit_bias: { logit_bias: { '50256': -1 } },
  logprobs: { logprobs: true },
  top_logprobs: { logprobs: true, top_logprobs: 2 },
  user: { user: 'u' },
  safety_identifier: { safety_identifier: 'u' },
  prompt_cache_key: { prompt_cache_key: 'k' },
  response_format: {
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object', properties: {} } } },
  },
  seed: { seed: 1 },
  tools: { tools },
  tool_choice: { tools, tool_choice: 'required' },
  parallel_tool_calls: { tools, parallel_tool_calls: false },
  reasoning_effort: { reasoning_effort: 'low' },
  verbosity: { verbosity: 'low' },
  modalities: { modalities: ['text'] },
  service_tier: { service_tier: 'default' },
  store: { store: false },
  web_search_options: { web_search_options: {} },
}

const sampling = [
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'logprobs',
  'top_logprobs',
  'logit_bias',
]

const known = new Map<string, readonly string[]>()
// deployments come and go with changes of the models
const mostKnown = 2000

/**
 * Which parameters of OpenAI's chat format reach a deployment: each is tried on the way that a call takes, and counts where nothing of
 * it is lost or refused, and the model is not known to refuse it. Deployments that are alike in what decides it are tried once.
 */
export function supportedParams(deployment: Deployment): readonly string[] {
  const { provider, model, profile, apiBase, apiVersion, placeholders, dropParams, dropFields } = deployment
  const key = JSON.stringify([provider.name, model, profile, apiBase, apiVersion, placeholders, dropParams, dropFields])
  let found = known.get(key)
  if (!found) {
    if (known.size >= mostKnown) known.clear()
    known.set(key, (found = findSupported(deployment)))
  }
  return found
}

function findSupported(deployment: Deployment): readonly string[] {
  const { profile } = deployment
  // nothing is sent: without a key of its own a deployment could not even be compiled for
  const target = { ...deployment, secret: deployment.secret ?? new Secret('none', ['*']) }
  const without = lost({}, target)
  if (without === undefined) return []
  const refused = new Set([
    ...(profile.sampling === false ? sampling : []),
    ...(profile.tools === false ? ['tools', 'tool_choice', 'parallel_tool_calls'] : []),
    ...(profile.structuredOutput === false ? ['response_format'] : []),
    ...(profile.thinking === 'none' ? ['reasoning_effort'] : []),
  ])
  return Object.entries(samples).flatMap(([name, body]) => {
    return !refused.has(name) && lost(body, target) === without ? [name] : []
  })
}

const encoder = new TextEncoder()

/** How much of a call does not arrive; undefined when it is refused. */
function lost(body: JsonObject, target: Deployment): number | undefined {
  const whole = { model: target.model, messages: [{ role: 'user', content: 'hi' }], ...body }
  try {
    const bytes = encoder.encode(JSON.stringify(whole))
    return compile(callOf({ format: 'openai-chat', bytes }), target).warnings.filter(({ kind }) => kind === 'dropped')
      .length
  } catch (thrown) {
    if (isGatewayError(thrown)) return undefined
    throw thrown
  }
}
