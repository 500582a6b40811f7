import type { Environment } from '../client/build-target.ts'
import type { Fetch } from '../client/send.ts'
import { compact, type JsonObject } from '../kernel/json.ts'
import { createRouter, sleep } from '../router/create.ts'
import type { RouterSettings } from '../router/deployment.ts'
import type { Dispatcher } from '../router/dispatch.ts'
import type { ModelEntry } from '../router/model-list/entry.ts'
import { perform } from './perform.ts'
import type { CallOptions, ChatCompletion, ChatCompletionChunk, CompletionParams, ResponsesParams } from './types.ts'

/** What a client may be given instead of the runtime's own. */
export interface ClientOptions {
  /** where keys come from; the process's environment unless given */
  readonly environment?: Environment
  readonly fetch?: Fetch
}

/** Calls any provider in OpenAI's shapes. */
export interface Client {
  completion(params: CompletionParams & { readonly stream: true }): Promise<AsyncIterable<ChatCompletionChunk>>
  completion(params: CompletionParams & { readonly stream?: false | undefined }): Promise<ChatCompletion>
  completion(params: CompletionParams): Promise<ChatCompletion | AsyncIterable<ChatCompletionChunk>>
  responses(params: ResponsesParams & { readonly stream: true }): Promise<AsyncIterable<JsonObject>>
  responses(params: ResponsesParams & { readonly stream?: false | undefined }): Promise<JsonObject>
  responses(params: ResponsesParams): Promise<JsonObject | AsyncIterable<JsonObject>>
}

/** The process's environment, where there is one (Node, Bun, Deno); none in a browser or at the edge. */
function processEnvironment(): Environment {
  return (globalThis as { process?: { env?: Environment } }).process?.env ?? {}
}

export function portsOf({
  environment = processEnvironment(),
  fetch = (url, init) => globalThis.fetch(url, init),
}: ClientOptions) {
  return { environment, fetch, now: Date.now, tick: () => performance.now(), dice: Math.random, sleep }
}

/** A client with its own environment and network. */
export function createClient(options: ClientOptions = {}): Client {
  const run =
    (format: 'openai-chat' | 'openai-responses') => async (params: CallOptions & { readonly model: string }) =>
      perform(format, params, routerFor(params, options))
  return {
    completion: run('openai-chat') as Client['completion'],
    responses: run('openai-responses') as Client['responses'],
  }
}

const kept = new WeakMap<ClientOptions, Map<string, Dispatcher>>()

/** Most settings a client is called with; routers are kept so that URLs and headers are worked out once. */
const maxKept = 200

/** A router with one deployment per name: the model and its fallbacks. */
function routerFor(params: CallOptions & { readonly model: string }, options: ClientOptions): Dispatcher {
  const {
    model,
    fallbacks = [],
    mock_response,
    drop_params,
    extra_body,
    extra_headers,
    api_key,
    base_url,
    api_base = base_url,
    api_version,
  } = params
  const signature = JSON.stringify([
    model,
    fallbacks,
    mock_response,
    drop_params,
    extra_body,
    extra_headers,
    api_key,
    api_base,
    api_version,
  ])
  let routers = kept.get(options)
  if (!routers) kept.set(options, (routers = new Map()))
  const known = routers.get(signature)
  if (known) return known
  const own = compact({
    mock_response,
    drop_params,
    extra_body,
    extra_headers,
    api_key,
    api_base,
    api_version,
  }) as JsonObject
  const shared = compact({ drop_params, extra_body, extra_headers }) as JsonObject
  const entries: ModelEntry[] = [model, ...fallbacks.filter((name) => name !== model)].map((name) => ({
    model_name: name,
    litellm_params: { ...(name === model ? own : shared), model: name },
  }))
  const router = createRouter(entries, { disableCooldowns: true }, portsOf(options))
  if (routers.size >= maxKept) routers.clear()
  routers.set(signature, router)
  return router
}

/** Settings of a `Router`, as LiteLLM names them. */
export interface RouterParams {
  readonly model_list: readonly ModelEntry[]
  readonly routing_strategy?: string
  readonly num_retries?: number
  readonly allowed_fails?: number
  /** seconds */
  readonly cooldown_time?: number
  readonly timeout?: number
  readonly stream_timeout?: number
  readonly fallbacks?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly default_fallbacks?: readonly string[]
}

/** Balances calls over the deployments of model groups, with retries, cooldowns and fallbacks. */
export class Router {
  readonly #dispatcher: Dispatcher

  constructor(params: RouterParams, options: ClientOptions = {}) {
    const seconds = (value: number | undefined) => (value === undefined ? undefined : value * 1000)
    const settings = compact({
      strategy: params.routing_strategy,
      retries: params.num_retries,
      allowedFails: params.allowed_fails,
      cooldownMs: seconds(params.cooldown_time),
      timeoutMs: seconds(params.timeout),
      streamTimeoutMs: seconds(params.stream_timeout),
      fallbacks: params.fallbacks && Object.assign({}, ...params.fallbacks),
      defaultFallbacks: params.default_fallbacks,
    }) as Partial<RouterSettings>
    this.#dispatcher = createRouter(params.model_list, settings, portsOf(options))
  }

  completion(params: CompletionParams & { readonly stream: true }): Promise<AsyncIterable<ChatCompletionChunk>>
  completion(params: CompletionParams & { readonly stream?: false | undefined }): Promise<ChatCompletion>
  completion(params: CompletionParams): Promise<ChatCompletion | AsyncIterable<ChatCompletionChunk>> {
    return perform('openai-chat', params, this.#dispatcher) as Promise<
      ChatCompletion | AsyncIterable<ChatCompletionChunk>
    >
  }

  responses(params: ResponsesParams & { readonly stream: true }): Promise<AsyncIterable<JsonObject>>
  responses(params: ResponsesParams & { readonly stream?: false | undefined }): Promise<JsonObject>
  responses(params: ResponsesParams): Promise<JsonObject | AsyncIterable<JsonObject>> {
    return perform('openai-responses', params, this.#dispatcher) as Promise<JsonObject | AsyncIterable<JsonObject>>
  }
}
