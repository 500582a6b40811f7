import type { Call } from 'turnpike-core/internal/client/call'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { asObject, asString } from 'turnpike-core/internal/kernel/json'
import type { AccessRules } from '../../config/governance.ts'
import type { Exchange } from '../../vocabulary/exchange.ts'
import type { Principal } from '../../vocabulary/principal.ts'

/** Longest tag, user id or note that is kept. */
const maxLength = 256

export interface Noted {
  readonly headers: Headers
  readonly call: Call | undefined
  readonly principal: Principal
  readonly rules: Pick<AccessRules, 'userHeaders' | 'refuseClientTags'>
}

/** What the caller wrote in the margin: tags, the end user, notes for the ledger. */
export function callerNotes({
  headers,
  call,
  principal,
  rules,
}: Noted): Pick<Exchange, 'tags' | 'endUser' | 'metadata'> {
  const members = call?.envelope.members
  const metadata = members?.has('metadata') ? asObject(field(call, 'metadata')) : undefined
  const asked = members?.has('tags') ? field(call, 'tags') : undefined
  const header = headers.get('x-litellm-tags')
  if (rules.refuseClientTags && call && (metadata?.tags !== undefined || asked !== undefined))
    throw new GatewayError(
      'invalid-request',
      'Tags in the body are not allowed here (general_settings.reject_clientside_metadata_tags); they are set on the key.',
      { param: 'metadata.tags', kind: 'bad_request_error' },
    )
  const tags = tagsOf(principal, metadata?.tags, asked, header)
  const endUser =
    headers.get('x-litellm-customer-id') ??
    headers.get('x-litellm-end-user-id') ??
    mapped(headers, rules) ??
    (members?.has('user') ? asString(field(call, 'user')) : undefined) ??
    asString(metadata?.user_id)
  return {
    tags,
    metadata: asObject(metadata?.spend_logs_metadata) ?? nothing,
    endUser: endUser === undefined || endUser === null || endUser === '' ? undefined : endUser.slice(0, maxLength),
  }
}

const nothing = {}
const noTags: readonly string[] = []

/** The operator's own header for customers. */
function mapped(headers: Headers, { userHeaders }: Noted['rules']): string | undefined {
  for (const { header, names } of userHeaders) {
    const value = names === 'customer' ? headers.get(header) : null
    if (value) return value
  }
  return undefined
}

/** Tags of the key, of the body and of the header, each once. */
function tagsOf(principal: Principal, noted: unknown, asked: unknown, header: string | null): readonly string[] {
  const own = principal.kind === 'key' ? principal.key.tags : noTags
  if (noted === undefined && asked === undefined && header === null) return own
  const tags = new Set(own)
  for (const tag of [...list(noted), ...list(asked), ...(header?.split(',') ?? [])])
    if (tag.trim() !== '') tags.add(tag.trim().slice(0, maxLength))
  return [...tags].slice(0, 64)
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}

/** A field that cannot be read is no note; the call itself is refused elsewhere. */
function field(call: Call | undefined, name: string): unknown {
  try {
    return call?.field(name)
  } catch {
    return undefined
  }
}
