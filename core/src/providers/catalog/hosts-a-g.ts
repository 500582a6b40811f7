import type { Provider } from '../provider.ts'
import { dropCacheMarks, dropMessageFields, dropNulls } from '../quirks/messages.ts'
import { modelAsUrl } from '../quirks/model-name.ts'
import { serviceTiers } from '../quirks/sampling.ts'
import { choiceAutoOrNone, dropStrict, requiredIsAny } from '../quirks/tools.ts'
import { lacks, lookalike, oldLimit, openaiOnly, penalties, tokenOdds } from './rows.ts'

const messagesVersion = { 'anthropic-messages': { 'anthropic-version': '2023-06-01' } } as const

/** Vendors that run open models, by name: a to g. */
export const hostsAToG: readonly Provider[] = [
  lookalike({
    name: 'abliteration',
    title: 'Abliteration',
    docs: 'https://abliteration.ai/docs',
    base: 'https://api.abliteration.ai/v1',
    keyEnv: ['ABLITERATION_API_KEY'],
  }),
  lookalike({
    name: 'anyscale',
    title: 'Anyscale Endpoints',
    docs: 'https://docs.anyscale.com/',
    base: 'https://api.endpoints.anyscale.com/v1',
    keyEnv: ['ANYSCALE_API_KEY'],
    baseEnv: ['ANYSCALE_API_BASE'],
  }),
  lookalike({
    name: 'baseten',
    title: 'Baseten',
    docs: 'https://docs.baseten.co/reference/inference-api/chat-completions',
    base: 'https://inference.baseten.co/v1',
    hosts: ['*.api.baseten.co'],
    keyEnv: ['BASETEN_API_KEY'],
    baseEnv: ['BASETEN_API_BASE'],
    quirks: [...lacks(...tokenOdds, ...openaiOnly, 'n', 'parallel_tool_calls'), oldLimit],
    // a model of eight characters is a deployment with a host of its own: https://docs.baseten.co/reference/inference-api/overview
    url: ({ base, path, model }) =>
      /^[a-z0-9]{8}$/.test(model) && base === 'https://inference.baseten.co/v1'
        ? `https://model-${model}.api.baseten.co/environments/production/sync/v1${path}`
        : base + path,
  }),
  lookalike({
    name: 'bedrock_mantle',
    title: 'Amazon Bedrock (OpenAI-compatible)',
    docs: 'https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html',
    base: 'https://bedrock-mantle.{region}.api.aws/v1',
    bases: { 'anthropic-messages': 'https://bedrock-mantle.{region}.api.aws/anthropic/v1' },
    keyEnv: ['BEDROCK_MANTLE_API_KEY', 'AWS_BEARER_TOKEN_BEDROCK'],
    baseEnv: ['BEDROCK_MANTLE_API_BASE'],
    chat: ['openai-chat', 'openai-responses', 'anthropic-messages'],
    only: [
      { models: ['*claude*'], chat: ['anthropic-messages'] },
      { models: ['openai.*'], chat: ['openai-chat', 'openai-responses'] },
      { models: ['*'], chat: ['openai-chat'] },
    ],
    credentials: { 'anthropic-messages': { kind: 'header', name: 'x-api-key' } },
    formatHeaders: messagesVersion,
  }),
  lookalike({
    name: 'cerebras',
    title: 'Cerebras',
    docs: 'https://inference-docs.cerebras.ai/api-reference/chat-completions',
    base: 'https://api.cerebras.ai/v1',
    keyEnv: ['CEREBRAS_API_KEY'],
    baseEnv: ['CEREBRAS_API_BASE'],
    quirks: [
      ...lacks(...tokenOdds, ...penalties, ...openaiOnly, 'n', 'parallel_tool_calls', 'stream_options'),
      oldLimit,
    ],
  }),
  lookalike({
    name: 'charity_engine',
    title: 'Charity Engine',
    docs: 'https://www.charityengine.com/',
    base: 'https://api.charityengine.services/remotejobs/v2/inference',
    keyEnv: ['CHARITY_ENGINE_API_KEY'],
    quirks: [oldLimit],
  }),
  lookalike({
    name: 'chutes',
    title: 'Chutes',
    docs: 'https://chutes.ai/docs',
    base: 'https://llm.chutes.ai/v1',
    keyEnv: ['CHUTES_API_KEY'],
    quirks: [oldLimit],
  }),
  lookalike({
    name: 'clarifai',
    title: 'Clarifai',
    docs: 'https://docs.clarifai.com/compute/inference/open-ai',
    base: 'https://api.clarifai.com/v2/ext/openai/v1',
    keyEnv: ['CLARIFAI_API_KEY', 'CLARIFAI_PAT'],
    baseEnv: ['CLARIFAI_API_BASE'],
    quirks: [...lacks(...tokenOdds, ...openaiOnly, 'n', 'seed', 'stop', 'parallel_tool_calls'), modelAsUrl],
  }),
  lookalike({
    name: 'coralbricks',
    title: 'CoralBricks',
    docs: 'https://docs.coralbricks.ai/',
    base: 'https://inference.coralbricks.ai/v1',
    keyEnv: ['CORALBRICKS_API_KEY'],
    baseEnv: ['CORALBRICKS_API_BASE'],
    quirks: [oldLimit],
  }),
  lookalike({
    name: 'crusoe',
    title: 'Crusoe Managed Inference',
    docs: 'https://docs.crusoecloud.com/managed-inference/overview',
    base: 'https://managed-inference-api-proxy.crusoecloud.com/v1',
    hosts: ['api.inference.crusoecloud.com'],
    keyEnv: ['CRUSOE_API_KEY'],
    baseEnv: ['CRUSOE_API_BASE'],
    quirks: [oldLimit],
  }),
  lookalike({
    name: 'darkbloom',
    title: 'Darkbloom',
    docs: 'https://darkbloom.dev/docs',
    base: 'https://api.darkbloom.dev/v1',
    keyEnv: ['DARKBLOOM_API_KEY'],
    baseEnv: ['DARKBLOOM_API_BASE'],
    quirks: [oldLimit],
  }),
  lookalike({
    name: 'datarobot',
    title: 'DataRobot',
    docs: 'https://docs.datarobot.com/en/docs/gen-ai/genai-code/dr-llm-gateway.html',
    base: 'https://app.datarobot.com',
    hosts: ['*.datarobot.com'],
    keyEnv: ['DATAROBOT_API_TOKEN'],
    baseEnv: ['DATAROBOT_ENDPOINT'],
    url: ({ base, path }) => {
      if (/\/chat\/completions$/.test(base)) return base
      if (base.includes('/api/v2/deployments/')) return base + path
      return `${base.replace(/\/api\/v2(?:\/genai\/llmgw)?$/, '')}/api/v2/genai/llmgw${path}/`
    },
  }),
  lookalike({
    name: 'deepinfra',
    title: 'DeepInfra',
    docs: 'https://deepinfra.com/docs/openai_api',
    base: 'https://api.deepinfra.com/v1/openai',
    keyEnv: ['DEEPINFRA_API_KEY', 'DEEPINFRA_TOKEN'],
    baseEnv: ['DEEPINFRA_API_BASE'],
    // stream_options is documented and stays
    quirks: [
      ...lacks('logprobs', 'top_logprobs', 'modalities', 'prediction', 'seed', 'parallel_tool_calls', 'audio'),
      ...lacks('web_search_options', 'service_tier', 'safety_identifier'),
      oldLimit,
      choiceAutoOrNone,
    ],
  }),
  lookalike({
    name: 'empiriolabs',
    title: 'EmpirioLabs AI',
    docs: 'https://docs.empiriolabs.ai/',
    base: 'https://api.empiriolabs.ai/v1',
    keyEnv: ['EMPIRIOLABS_API_KEY'],
  }),
  lookalike({
    name: 'empower',
    title: 'Empower',
    docs: 'https://docs.empower.dev/',
    base: 'https://app.empower.dev/api/v1',
    keyEnv: ['EMPOWER_API_KEY'],
    baseEnv: ['EMPOWER_API_BASE'],
  }),
  lookalike({
    name: 'featherless_ai',
    title: 'Featherless AI',
    docs: 'https://featherless.ai/docs/api-reference-chat-completions',
    base: 'https://api.featherless.ai/v1',
    keyEnv: ['FEATHERLESS_API_KEY', 'FEATHERLESS_AI_API_KEY'],
    baseEnv: ['FEATHERLESS_API_BASE'],
    // tools work with the model families that are trained for them: https://featherless.ai/docs/tool-calling
    quirks: [
      ...lacks('logprobs', 'top_logprobs', 'modalities', 'prediction', 'seed', 'stream_options', 'parallel_tool_calls'),
      ...lacks('audio', 'web_search_options', 'service_tier', 'safety_identifier', 'response_format'),
      oldLimit,
      choiceAutoOrNone,
    ],
  }),
  lookalike({
    name: 'fireworks_ai',
    title: 'Fireworks AI',
    docs: 'https://docs.fireworks.ai/api-reference/post-chatcompletions',
    base: 'https://api.fireworks.ai/inference/v1',
    keyEnv: ['FIREWORKS_API_KEY', 'FIREWORKS_AI_API_KEY', 'FIREWORKSAI_API_KEY', 'FIREWORKS_AI_TOKEN'],
    baseEnv: ['FIREWORKS_API_BASE', 'FIREWORKS_AI_API_BASE'],
    // https://docs.fireworks.ai/guides/response-api, https://docs.fireworks.ai/tools-sdks/anthropic-compatibility
    chat: ['openai-chat', 'openai-responses', 'anthropic-messages'],
    formatHeaders: messagesVersion,
    modelPrefix: 'accounts/fireworks/models/',
    quirks: [
      ...lacks('logit_bias', 'top_logprobs', ...openaiOnly, 'seed', 'stream_options', 'parallel_tool_calls'),
      oldLimit,
      requiredIsAny,
      dropStrict,
    ],
  }),
  lookalike({
    name: 'friendliai',
    title: 'FriendliAI',
    docs: 'https://friendli.ai/docs/openapi/serverless/chat-completions',
    base: 'https://api.friendli.ai/serverless/v1',
    keyEnv: ['FRIENDLIAI_API_KEY', 'FRIENDLI_TOKEN'],
    baseEnv: ['FRIENDLI_API_BASE'],
    headers: { 'X-Friendli-Team': '$FRIENDLI_TEAM' },
  }),
  lookalike({
    name: 'galadriel',
    title: 'Galadriel',
    docs: 'https://docs.galadriel.com/',
    base: 'https://api.galadriel.com/v1',
    keyEnv: ['GALADRIEL_API_KEY'],
    baseEnv: ['GALADRIEL_API_BASE'],
  }),
  lookalike({
    name: 'gmi',
    title: 'GMI Cloud',
    docs: 'https://docs.gmicloud.ai/',
    base: 'https://api.gmi-serving.com/v1',
    keyEnv: ['GMI_API_KEY'],
  }),
  lookalike({
    name: 'gradient_ai',
    title: 'DigitalOcean Gradient',
    docs: 'https://docs.digitalocean.com/products/inference/how-to/use-serverless-inference/',
    base: 'https://inference.do-ai.run/v1',
    hosts: ['*.agents.do-ai.run'],
    keyEnv: ['GRADIENT_AI_API_KEY'],
    baseEnv: ['GRADIENT_AI_AGENT_ENDPOINT'],
    // tools and response_format depend on the model and stay
    quirks: lacks(...tokenOdds, ...openaiOnly, 'n', 'seed', 'parallel_tool_calls'),
    // an agent has a host of its own and another root
    url: ({ base, path }) => {
      const agent = /^https:\/\/[^/]+\.agents\.do-ai\.run(?=\/|$)/.exec(base)?.[0]
      return agent === undefined ? base + path : `${agent}/api/v1${path}`
    },
  }),
  lookalike({
    name: 'groq',
    title: 'Groq',
    docs: 'https://console.groq.com/docs/api-reference',
    base: 'https://api.groq.com/openai/v1',
    keyEnv: ['GROQ_API_KEY'],
    baseEnv: ['GROQ_API_BASE'],
    // its Responses API is a beta that fails on store, include and previous_response_id: https://console.groq.com/docs/responses-api
    // what it does not take fails: https://console.groq.com/docs/openai
    quirks: [
      ...lacks(...tokenOdds, 'n'),
      serviceTiers('auto', 'on_demand', 'flex', 'performance'),
      dropNulls('assistant'),
      dropMessageFields(['name']),
      dropMessageFields(['reasoning_content'], { effect: 'same' }),
      dropCacheMarks,
    ],
  }),
]
