import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { later, readDuration } from '../../../vocabulary/duration.ts'
import type { VirtualKey } from '../../../vocabulary/principal.ts'
import { invalid } from '../../shapes.ts'
import { modelsInside, patched, saysNothing } from '../../tenants/fields.ts'
import { withTerms } from '../../terms.ts'
import { type KeyBody, routesOfType, tagNames, unservedOfKeys } from './shapes.ts'

/** A key with what is shown of it and does not act. */
export interface Draft {
  readonly value: VirtualKey
  readonly extra: JsonObject
}

/** A key as a body changes it: what the body does not name stays, `null` clears. */
export function applyBody(before: Draft, body: Partial<KeyBody>, now: number): Draft {
  const { routes, type } = routesIn(body)
  const value = patched<VirtualKey>(withTerms(before.value, body), {
    alias: body.key_alias,
    userId: body.user_id,
    teamId: body.team_id,
    organizationId: body.organization_id,
    models: modelsInside(body.models),
    aliases: body.aliases === null ? {} : body.aliases,
    blocked: body.blocked === null ? false : body.blocked,
    allowedRoutes: routes,
    allowedIps: body.allowed_ips === null ? [] : body.allowed_ips,
    enforcedParams: body.enforced_params === null ? [] : body.enforced_params,
    expiresAt: expiryOf(body.duration, now),
    ...notesOf(before.value, body),
  })
  const extra = patched(before.extra, {
    duration: body.duration === '-1' ? null : body.duration,
    key_type: type,
    agent_id: body.agent_id,
    project_id: body.project_id,
  })
  return { value, extra }
}

function expiryOf(duration: string | null | undefined, now: number): number | null | undefined {
  if (duration === undefined) return undefined
  const length = duration === null ? undefined : readDuration(duration)
  return length ? later(now, length) : null
}

interface RoutesIn {
  readonly routes?: readonly string[]
  readonly type?: string | null
}

/** Routes and a kind of key say the same thing in two ways: what is sent last stands, and both at once must agree. */
function routesIn({ key_type: type, allowed_routes: listed }: Partial<KeyBody>): RoutesIn {
  if (type === undefined && listed === undefined) return {}
  const ofType: readonly string[] = routesOfType[type ?? 'default']
  const routes = listed ?? []
  if (routes.length > 0 && ofType.length > 0 && routes.join() !== ofType.join())
    throw invalid('allowed_routes', `allowed_routes and a key_type of ${type} contradict each other: give one of them.`)
  return { routes: routes.length > 0 ? routes : ofType, type: type ?? null }
}

/** Members of metadata that another field sets: they outlive a replacement of the rest. */
const kept = ['permissions', 'service_account_id'] as const

/** Members that LiteLLM reads from metadata where they act: here they act as fields alone, or not at all. */
const notInMetadata = [
  ...Object.keys(unservedOfKeys),
  'model_rpm_limit',
  'model_tpm_limit',
  'model_max_budget',
  'temp_budget_increase',
  'temp_budget_expiry',
  'enforced_params',
  'permissions',
]

function notesOf(before: VirtualKey, body: Partial<KeyBody>): Partial<Pick<VirtualKey, 'metadata' | 'tags'>> {
  const { metadata: given, tags, permissions } = body
  if (given === undefined && tags === undefined && permissions === undefined) return {}
  const notes: Record<string, unknown> = given === undefined ? { ...before.metadata } : { ...checked(given ?? {}) }
  if (given !== undefined)
    for (const name of kept) if (before.metadata[name] !== undefined) notes[name] ??= before.metadata[name]
  if (permissions !== undefined) set(notes, 'permissions', permissions)
  if (tags !== undefined) set(notes, 'tags', tags)
  return { metadata: notes, tags: tagsIn(notes) }
}

function checked(metadata: JsonObject): JsonObject {
  const refused = notInMetadata.find((name) => !saysNothing(metadata[name]))
  if (refused === undefined) return metadata
  throw invalid(
    `metadata.${refused}`,
    `metadata.${refused} would not act: give ${refused} as a field of its own, where that is supported.`,
  )
}

function set(notes: Record<string, unknown>, name: string, value: unknown): void {
  if (saysNothing(value)) delete notes[name]
  else notes[name] = value
}

function tagsIn({ tags }: Readonly<Record<string, unknown>>): readonly string[] {
  if (tags === undefined || tags === null) return []
  const read = tagNames.safeParse(tags)
  if (read.success) return read.data
  throw invalid('tags', 'tags must be a list of texts.')
}
