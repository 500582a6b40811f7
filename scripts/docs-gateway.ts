import { inertParams, knownParams } from '../core/src/router/model-list/params.ts'
import type { Policy } from '../gateway/src/access/rights.ts'
import { sectionKeys } from '../gateway/src/config/keys.ts'
import type { Endpoint } from '../gateway/src/pipeline/route.ts'
import { endpoints } from '../gateway/src/table.ts'
import { code, table } from './markdown.ts'

// endpoints

const policyWords: { readonly [P in Policy]: string } = {
  public: 'everybody',
  key: 'any valid key',
  'own-keys': 'who manages keys',
  'own-spend': 'who reads spend',
  team: 'who manages a team',
  organization: 'who manages an organisation',
  'read-all': 'who reads everything',
  admin: 'administrators',
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
    credential_list: 'credentials under a name, for deployments that say `litellm_credential_name`',
    model_list: 'the deployments, see below',
    litellm_settings: 'section, see below',
    router_settings: 'section, see below',
    general_settings: 'section, see below',
    environment_variables: 'variables for this process; they win over those of the environment',
    include: 'further files, by path from this one; lists are joined, sections merged, the including file wins',
  },
  litellm_settings: {
    num_retries: 'as in `router_settings`, which wins',
    stream_keepalive_seconds: 'as in `general_settings`, which wins',
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
    max_budget: 'dollars that the whole gateway may spend; 0: no limit',
    budget_duration: 'how often that budget begins anew, such as `30d` or `1mo`; without it never',
    timezone:
      'time zone (IANA, such as `Europe/Berlin`) in which the days, weeks and months of budgets begin; default UTC',
    budget_reset_time: 'time of day, `"HH:MM"` or `"HH:MM:SS"`, at which they begin; default midnight',
    tag_budget_config: '`{tag: {max_budget, budget_duration}}`: what requests with a tag may spend',
    max_end_user_budget_id: 'the budget (`/budget/new`) of customers that have none of their own',
    max_internal_user_budget: 'dollars of a new user, where `default_internal_user_params` says nothing',
    default_max_internal_user_budget: 'the same, where `max_internal_user_budget` says nothing',
    internal_user_budget_duration: 'how often that budget begins anew',
    default_internal_user_params:
      'of a new user: `user_role`, `max_budget`, `budget_duration`, `rpm_limit`, `tpm_limit`, `models`, `teams` (ids, or `{team_id, max_budget_in_team, user_role}`)',
    default_team_params:
      'of a new team: `max_budget`, `budget_duration`, `rpm_limit`, `tpm_limit`, `models`, `team_member_permissions`',
    default_key_generate_params:
      'what a new key gets that says nothing of it: the six of `upperbound_key_generate_params`, `soft_budget`, `models`, `user_id`, `team_id`, `tags`, `metadata`',
    default_soft_budget: 'soft budget of a new key, in dollars, where `default_key_generate_params` has none',
    upperbound_key_generate_params:
      'the most that a key may have of `max_budget`, `budget_duration`, `duration`, `max_parallel_requests`, `rpm_limit`, `tpm_limit`; one that says nothing gets the bound',
    key_generation_settings:
      'who may make keys: `team_key_generation: {allowed_team_member_roles, required_params}` and `personal_key_generation: {allowed_user_roles, required_params}`',
    cache_params:
      'with `type: redis`: where Redis is (`host`, `port`, `password`, …), when neither `router_settings` nor the environment says, and the `namespace` of all names in it; nothing is cached',
  },
  router_settings: {
    routing_strategy:
      'how a deployment of a group is picked: `simple-shuffle` (default), `power-of-two`, `least-busy`, `latency-based-routing`, `usage-based-routing`, `usage-based-routing-v2`, `cost-based-routing` or `rate-limit-aware`',
    routing_strategy_args:
      '`ttl` (seconds), `lowest_latency_buffer`, `max_latency_list_size` of `latency-based-routing`',
    num_retries: 'further tries within a group after the first; default 2',
    max_retries: 'the same, where `num_retries` says nothing',
    retry_after:
      'seconds at least between two tries on the same deployment; default 0, under a back-off that grows from 0.5 s to 8 s',
    timeout: 'seconds for a whole attempt; default 6000',
    stream_timeout: 'seconds until the first content of a stream',
    ttft_timeout: 'the same; wins over `stream_timeout`',
    stream_idle_timeout: 'seconds between two pieces of a stream; no limit unless given',
    connect_timeout: 'seconds until the head of an answer',
    stream_continuation:
      'let another deployment go on with a stream that died after its first content, where the model can',
    retry_policy:
      'further tries by kind of failure: `{TimeoutErrorRetries, RateLimitErrorRetries, InternalServerErrorRetries, AuthenticationErrorRetries, BadRequestErrorRetries, ContentPolicyViolationErrorRetries}`',
    model_group_retry_policy: 'the same for single model groups: `{group: {…}}`',
    retry_budget: 'share of the traffic that further tries may be, once a hundred requests were seen; default 0.2',
    allowed_fails_policy:
      '`allowed_fails` by kind of failure: `{TimeoutErrorAllowedFails, RateLimitErrorAllowedFails, …}`',
    default_deployment: 'the model group that answers models which no other one has',
    enable_pre_call_checks: 'pass over deployments whose context window is too small for the call, by estimate',
    enable_tag_filtering: 'choose deployments by the tags of the request; those tagged `default` answer the others',
    tag_filtering_match_any: 'whether one tag in common is enough (default), or all are needed',
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
    deployment_affinity:
      'keeps conversations on one deployment, so that its prompt cache goes on hitting: `true` by their name or the way they begin, `false` not at all; without it by a name alone (`x-litellm-session-id`, `x-turnpike-session`, `x-claude-code-session-id`, `prompt_cache_key`, `metadata.session_id`, `conversation`)',
    deployment_affinity_ttl_seconds: 'seconds without a call after which a conversation is forgotten; default 300',
    model_group_affinity_config:
      '`{group: [checks]}`: what of `optional_pre_call_checks` keeps conversations in that group instead; an empty list: nothing',
    optional_pre_call_checks:
      '`session_affinity` (conversations by their name, on by default), `prompt_caching` (by the way they begin), `deployment_affinity` (by the key that calls); `responses_api_deployment_check`, `encrypted_content_affinity`, `router_budget_limiting` and `enforce_model_rate_limits` are made without being asked for',
    default_max_parallel_requests:
      'calls at once for deployments without `max_parallel_requests`; further ones wait for the last byte of one before them',
    queue_timeout:
      'seconds that a call may wait for a place before it is refused with 429; default 1; a call may say otherwise in its body, up to 600',
    default_priority:
      'priority of calls that name none in `priority`, and whose key and team have none in `metadata.priority`; lower ones are let in first; default 0',
    provider_budget_config:
      '`{provider: {budget_limit, time_period}}` (also `max_budget`, `budget_duration`): what may be spent at a provider',
    redis_url: 'the Redis in which replicas agree on budgets and limits; wins over the parts and over the environment',
    redis_host: 'the same, in parts; what is left out is taken from `REDIS_PORT`, `REDIS_PASSWORD`, …',
    redis_port: 'its port; default 6379',
    redis_password: 'its password',
    redis_db: 'the number of its database',
  },
  general_settings: {
    master_key: 'the key of the administrator',
    database_url: '`postgresql://USER:PASSWORD@HOST/NAME` or `sqlite:PATH`; other databases stop the start',
    database_connection_pool_limit: 'connections to Postgres at most; default 10',
    database_connection_timeout: 'seconds to wait for a connection; default 10',
    litellm_key_header_name: "a header that replaces all others as the key's place",
    stream_keepalive_seconds:
      'seconds of silence after which a sign of life goes to a streaming caller; default 15, 0 for none',
    sse_keepalive_ping_interval_seconds: "LiteLLM's name of the same",
    max_request_size_mb: 'largest request body in MB; default 64',
    max_parallel_requests: 'running requests of each key that has no limit of its own',
    global_max_parallel_requests: 'running requests of the whole gateway',
    token_rate_limit_type: 'which tokens count against token limits: `total` (default), `input` or `output`',
    apply_user_budget_to_team_keys: "hold a team's key to its owner's own budget as well",
    allowed_ips: 'addresses and networks (`10.0.0.0/8`) that requests may come from; default any',
    use_x_forwarded_for: "take the caller's address from `X-Forwarded-For`; only behind a proxy that sets it",
    allowed_routes: 'the only paths and route groups that are served; default all',
    public_routes: 'paths and route groups that need no key',
    admin_only_routes: 'paths and route groups for administrators alone',
    enforced_params: 'members that the body of every model call must have; `metadata.team` is one within another',
    service_account_settings: '`{enforced_params: […]}` for keys of service accounts',
    enforce_user_param: 'refuse model calls that do not say `user`',
    reject_clientside_metadata_tags: 'refuse requests that bring tags in their `metadata`',
    user_header_name: 'a header that names the customer',
    user_header_mappings:
      'headers that name users: a list of `{header_name, litellm_user_role}` with `customer` or `internal_user`',
    user_api_key_cache_ttl: 'seconds for which what is known of a key is good; default 60',
    default_team_disabled: 'refuse to make keys that belong to no team',
    enable_jwt_auth:
      'take JWTs of an identity provider as credentials; the variable `JWT_PUBLIC_KEY_URL` says where its keys are',
    litellm_jwtauth: 'how such tokens are read; an unknown key in it is an error',
    role_permissions:
      'a list of `{role, models, routes}`: what roles of tokens may, under `litellm_jwtauth.enforce_rbac`',
    disable_spend_logs: 'keep no request logs; the ledger is kept all the same',
    store_prompts_in_spend_logs: 'keep what was asked and answered in the request logs',
    maximum_spend_logs_retention_period: 'how long request logs are kept, such as `30d`; default for good',
    background_health_checks:
      'ask every deployment for a sign of life by itself, at no cost where its provider can be asked so; default: what callers see is all that is known',
    health_check_interval: 'seconds between two such questions to a deployment; default 300',
    health_check_details: 'whether `/health` tells more of a deployment than its model; default true',
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
  on_client_abort:
    '`cancel` (default) closes the call when the caller leaves; `drain` reads it to its end, for up to a minute',
  num_retries: 'further tries; of the first deployment of the group',
  max_retries: 'the same, where `num_retries` says nothing',
  weight: 'share of the traffic under `simple-shuffle`; 0: only when all others failed',
  rpm: 'requests a minute at the most, over all replicas where they agree over Redis; also its share of the traffic where no deployment has a `weight`',
  tags: 'for which requests the deployment is, where `enable_tag_filtering` is on: `[paid]`, `[default]`',
  tpm: 'tokens a minute at the most, likewise; also its share of the traffic where no deployment has a `weight` or `rpm`',
  max_parallel_requests:
    'calls that it takes at once; further ones go to others of the group, or wait for the last byte of one before them',
  max_budget:
    'dollars that it may cost; a deployment is known by `model_info.id`, or by its settings, so that without an id other settings begin anew',
  budget_duration: 'how long `max_budget` lasts, such as `30d`; without it for good',
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
  region_name:
    'fills `{region}` in the provider’s URL; customers with `allowed_model_region` are answered by deployments of their region (`model_info.region` wins)',
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
