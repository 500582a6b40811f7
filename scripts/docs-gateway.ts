import { inertParams, knownParams } from '../core/src/router/model-list/params.ts'
import { sectionKeys } from '../gateway/src/config/keys.ts'
import type { Endpoint, Policy } from '../gateway/src/pipeline/route.ts'
import { endpoints } from '../gateway/src/table.ts'
import { code, table } from './markdown.ts'

// endpoints

const policyWords: { readonly [P in Policy]: string } = {
  public: 'everybody',
  key: 'any valid key',
  admin: 'master key',
}

const chapters: readonly { readonly title: string; readonly holds: (row: Endpoint) => boolean }[] = [
  { title: 'Model calls', holds: (row) => row.kind === 'surface' },
  {
    title: 'Management',
    holds: (row) => row.kind === 'route' && row.groups.some((name) => /management|spend/.test(name)),
  },
  { title: 'Models, counting and health', holds: () => true },
]

/** Every row of the router table. */
export function endpointsPage(): string {
  const left = new Set(endpoints)
  const parts = chapters.map(({ title, holds }) => {
    const rows = [...left].filter(holds)
    for (const row of rows) left.delete(row)
    return [`## ${title}`, '', endpointTable(rows)].join('\n')
  })
  return [
    'Every path there is. `:name` stands for one segment, `:name+` for the rest up to what follows. The first path is the canonical one;',
    'the others are aliases. *Who* says which key is needed; the master key is also a valid key. *Errors* says in which format a refusal is',
    "written. *Groups* are the names that a virtual key's `allowed_routes` may list instead of paths.",
    '',
    'A key is taken from `x-litellm-api-key`, `Authorization: Bearer`, `api-key`, `x-api-key`, `x-goog-api-key` or',
    '`Ocp-Apim-Subscription-Key`, in this order; on the `generateContent` paths also from `?key=`. `HEAD` is answered wherever `GET` is.',
    '',
    ...parts.flatMap((part) => [part, '']),
  ].join('\n')
}

function endpointTable(rows: readonly Endpoint[]): string {
  return table(
    ['method', 'path', 'aliases', 'who', 'errors', 'groups'],
    rows.map((row) => [
      row.method,
      code(row.paths[0] ?? ''),
      row.paths.slice(1).map(code).join('<br>'),
      policyWords[row.policy],
      code(row.kind === 'surface' ? row.format : row.errors),
      row.groups.map(code).join(' '),
    ]),
  )
}

// config keys

type SectionName = keyof typeof sectionKeys

/** What each key that acts does; a key without words here fails the build of the page. */
const actions: { readonly [S in SectionName]: Readonly<Record<string, string>> } = {
  top: {
    model_list: 'the deployments, see below',
    litellm_settings: 'section, see below',
    router_settings: 'section, see below',
    general_settings: 'section, see below',
    environment_variables: 'variables for this process; they win over those of the environment',
    include: 'further files, by path from this one; lists are joined, sections merged, the including file wins',
  },
  litellm_settings: {
    num_retries: 'as in `router_settings`, which wins',
    request_timeout: 'seconds for a whole call, where `router_settings.timeout` says nothing',
    fallbacks: 'as in `router_settings`, which wins',
    context_window_fallbacks: 'as in `router_settings`, which wins',
    content_policy_fallbacks: 'as in `router_settings`, which wins',
    default_fallbacks: 'as in `router_settings`, which wins',
    max_fallbacks: 'as in `router_settings`, which wins',
    allowed_fails: 'as in `router_settings`, which wins',
    cooldown_time: 'as in `router_settings`, which wins',
    disable_cooldowns: 'keep failed deployments in rotation',
    drop_params:
      'leave out what a model is known to refuse, instead of refusing the call; for every deployment that says nothing itself',
    model_alias_map: 'alias to model group; `router_settings.model_group_alias` wins',
  },
  router_settings: {
    routing_strategy: 'how a deployment of a group is picked: `simple-shuffle` (default) or `latency-based-routing`',
    routing_strategy_args:
      '`ttl` (seconds), `lowest_latency_buffer`, `max_latency_list_size` of `latency-based-routing`',
    num_retries: 'further tries within a group after the first; default 2',
    max_retries: 'the same, where `num_retries` says nothing',
    retry_after:
      'seconds at least between two tries on the same deployment; default 0, under a back-off that grows from 0.5 s to 8 s',
    timeout: 'seconds for a whole call; default 6000',
    stream_timeout: 'seconds until the first content of a stream',
    ttft_timeout: 'the same; wins over `stream_timeout`',
    stream_idle_timeout: 'seconds between two pieces of a stream; no limit unless given',
    fallbacks: 'groups to try when a group has failed: a list of `{group: [other, …]}`; `*` stands for every group',
    context_window_fallbacks: 'the same, for input that is too long',
    content_policy_fallbacks: "the same, for a refusal by the provider's content filter",
    default_fallbacks: 'groups to try for every group that has no list of its own',
    max_fallbacks: 'groups that are tried after the first, at most; default 5',
    allowed_fails:
      'failures within `cooldown_time` that a deployment may have before it cools down; without it the rules of the default apply',
    cooldown_time: 'seconds that a failed deployment is out of rotation; default 5, or what the provider asks for',
    disable_cooldowns: 'keep failed deployments in rotation',
    model_group_alias: 'alias to model group, or to `{model: group, hidden: true}`, which listings leave out',
    default_litellm_params: '`litellm_params` of every deployment that does not say otherwise',
  },
  general_settings: {
    master_key: 'the key of the administrator',
    database_url: '`sqlite:PATH`; other databases stop the start',
    litellm_key_header_name: "a header that replaces all others as the key's place",
    max_request_size_mb: 'largest request body in MB; default 64',
    unpriced: '`refuse` (default) or `allow`: may a key with a budget call a model whose price is unknown',
  },
}

const paramWords: Readonly<Record<string, string>> = {
  model: '`provider/model`, see [providers](providers.md); may end in `*`',
  custom_llm_provider: 'the provider, where the model does not name it',
  api_key: 'the key; without it the one of the environment, at the vendor’s own hosts only',
  api_base: 'root URL, as the vendor documents it',
  base_url: 'the same',
  api_version: 'Azure’s `api-version`',
  organization: 'sent as `OpenAI-Organization`',
  timeout: 'seconds for a whole call',
  request_timeout: 'the same, where `timeout` says nothing',
  stream_timeout: 'seconds until the first content of a stream',
  ttft_timeout: 'the same; wins',
  stream_idle_timeout: 'seconds between two pieces of a stream',
  num_retries: 'further tries; of the first deployment of the group',
  max_retries: 'the same, where `num_retries` says nothing',
  weight: 'share of the traffic under `simple-shuffle`; 0: only when all others failed',
  rpm: 'share of the traffic where no deployment has a `weight`; not a limit',
  tpm: 'share of the traffic where no deployment has a `weight` or `rpm`; not a limit',
  order: 'lower ones go first; higher ones when a request has tried those or they are out of rotation',
  cooldown_time: 'seconds out of rotation after a failure',
  base_model: 'the model that an opaque name stands for, for price and abilities',
  headers: 'set on each request',
  extra_headers: 'the same',
  extra_body: 'fields set in each request, whatever the caller says',
  drop_params: 'leave out what the model is known to refuse',
  additional_drop_params: 'top-level fields that are always left out',
  use_chat_completions_api: 'call the model in OpenAI’s chat format only',
  mock_response:
    'answer with this text without calling anybody; `litellm.RateLimitError`, `litellm.InternalServerError`, `litellm.ContextWindowExceededError` and `litellm.ContentPolicyViolationError` fail',
  model_info: 'taken here without effect; it belongs beside `litellm_params`',
  region_name: 'fills `{region}` in the provider’s URL',
  aws_region_name: 'the same',
  vertex_location: 'fills `{location}`',
  vertex_project: 'fills `{project}`',
  account: 'fills `{account}`',
  workspace: 'fills `{workspace}`',
  resource: 'fills `{resource}`',
}

/** The words for every one of these names, no more and no fewer. */
function explained(where: string, names: Iterable<string>, words: Readonly<Record<string, string>>): string {
  const known = new Set(names)
  const wrong = [
    ...[...known].filter((name) => !Object.hasOwn(words, name)).map((name) => `${name} has no words`),
    ...Object.keys(words)
      .filter((name) => !known.has(name))
      .map((name) => `${name} does not act`),
  ]
  if (wrong.length > 0) throw new Error(`scripts/docs-gateway.ts, ${where}: ${wrong.join(', ')}`)
  return table(
    ['key', 'what it does'],
    Object.entries(words).map(([name, text]) => [code(name), text]),
  )
}

function listed(names: Iterable<string>): string {
  return [...names].sort().map(code).join(', ')
}

/** What every key of a section does, as `gateway/src/config/keys.ts` has it. */
export function configKeysPage(): string {
  return [
    'What the keys of LiteLLM’s `config.yaml` do here; [configuration](configuration.md) says how they play together. *Acts*: it works.',
    '*Refused*: leaving it out silently would be unsafe, so the gateway does not start while it is set. *Inert*: it has no effect in this',
    'version, and the start says so by name. Values that ask for nothing (`false`, empty, null) are neither refused nor named.',
    '',
    ...(Object.keys(sectionKeys) as SectionName[]).flatMap((name) => [
      name === 'top' ? '## Top level' : `## \`${name}\``,
      '',
      explained(name, sectionKeys[name].acts, actions[name]),
      '',
      `Refused: ${listed(sectionKeys[name].refused)}.`,
      '',
      `Inert: ${listed(sectionKeys[name].inert)}.`,
      '',
    ]),
    '## `model_list[].litellm_params`',
    '',
    explained('litellm_params', knownParams, paramWords),
    '',
    'Price fields act here and in `model_info`: see [prices](prices.md). Any other name is a default field of the request: it is sent to the',
    'provider where the caller says nothing (`temperature`, `max_tokens`, `reasoning_effort`, …), so a misspelt name goes there too.',
    '',
    `Inert: ${listed(inertParams)}.`,
  ].join('\n')
}
