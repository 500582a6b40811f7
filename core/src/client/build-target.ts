import { credentialFor, type Environment } from '../credentials/index.ts'
import { GatewayError } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { ModelProfile } from '../models/profile.ts'
import { profileOf } from '../models/profiles.ts'
import type { Provider } from '../providers/provider.ts'
import { resolveModel } from '../providers/resolve.ts'
import { settingsIn } from './settings.ts'
import type { Deadlines, Target } from './target.ts'

export type { Environment }

/** How a person describes a target: LiteLLM's `litellm_params`, read. */
export interface TargetSpec {
  /** `provider/model`, or a name whose provider is known */
  readonly model: string
  readonly provider?: string
  readonly apiKey?: string
  readonly apiBase?: string
  readonly apiVersion?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly placeholders?: Readonly<Record<string, string>>
  /** request fields used where the caller says nothing; settings of ours among them are taken out */
  readonly defaults?: JsonObject
  readonly extraBody?: JsonObject
  readonly dropParams?: boolean
  readonly dropFields?: readonly string[]
  readonly deadlines?: Deadlines
  readonly profile?: Partial<ModelProfile>
  /** the model that an opaque deployment name stands for, for profile and price */
  readonly standsFor?: string
  readonly mock?: string
}

/** The row of a target whose provider each requested name tells by itself (`model: "*"`). */
export const anyProvider: Provider = {
  name: '*',
  title: 'any provider',
  docs: 'docs/configuration.md',
  keyEnv: [],
  credential: { kind: 'none' },
  chat: [],
}

/** The built-in provider that answers without calling anybody. */
export const builtin: Provider = {
  name: 'turnpike',
  title: 'Turnpike',
  docs: 'docs/configuration.md',
  keyEnv: [],
  credential: { kind: 'none' },
  chat: ['openai-chat'],
}

/** Resolves provider, credential and profile. Throws `unknown-model` or `misconfigured`, naming what is missing. */
export function buildTarget(spec: TargetSpec, environment: Environment): Target {
  const { provider, model } = resolveSpec(spec)
  const profileModel = spec.standsFor?.slice(spec.standsFor.indexOf('/') + 1) ?? model
  const secret =
    spec.mock === undefined ? credentialFor(provider, { ...keyAndBase(spec), env: environment }) : undefined
  const { own, rest } = settingsIn(spec.defaults ?? {})
  const { connectMs, ...settings } = own
  const deadlines = connectMs === undefined ? spec.deadlines : { ...spec.deadlines, connectMs }
  const apiVersion = spec.apiVersion ?? environment[`${provider.name.toUpperCase()}_API_VERSION`]
  return {
    provider,
    model,
    environment,
    profile: { ...profileOf(provider.name, profileModel), ...provider.profile, ...spec.profile, model },
    ...(spec.placeholders && { placeholders: spec.placeholders }),
    ...(secret && { secret }),
    ...(spec.apiBase !== undefined && { apiBase: spec.apiBase }),
    ...(apiVersion !== undefined && { apiVersion }),
    ...(spec.headers && { headers: spec.headers }),
    ...(spec.defaults && { defaults: rest }),
    ...(spec.extraBody && { extraBody: spec.extraBody }),
    ...(spec.dropParams !== undefined && { dropParams: spec.dropParams }),
    ...(spec.dropFields && { dropFields: spec.dropFields }),
    ...(deadlines && { deadlines }),
    ...(Object.keys(settings).length > 0 && { settings }),
    ...(mockOf(spec) !== undefined && { mock: mockOf(spec) as string }),
  }
}

function mockOf(spec: TargetSpec): string | undefined {
  return spec.mock ?? (spec.model === 'turnpike/echo' ? echo : undefined)
}

/** The mock that says the caller's own words. */
export const echo = '\u0000echo'

function resolveSpec(spec: TargetSpec): { provider: Provider; model: string } {
  if (spec.model === '*') return { provider: anyProvider, model: '*' }
  if (spec.model.startsWith('turnpike/')) {
    if (spec.model !== 'turnpike/echo')
      throw new GatewayError(
        'unknown-model',
        `There is no model \`${spec.model}\`; the built-in one is \`turnpike/echo\`.`,
      )
    return { provider: builtin, model: 'echo' }
  }
  if (spec.mock !== undefined && spec.provider === undefined) {
    try {
      return resolveModel(spec.model)
    } catch {
      return { provider: builtin, model: spec.model }
    }
  }
  return resolveModel(spec.model, spec.provider === undefined ? {} : { provider: spec.provider })
}

function keyAndBase(spec: TargetSpec): { apiKey?: string; apiBase?: string } {
  return {
    ...(spec.apiKey !== undefined && { apiKey: spec.apiKey }),
    ...(spec.apiBase !== undefined && { apiBase: spec.apiBase }),
  }
}
