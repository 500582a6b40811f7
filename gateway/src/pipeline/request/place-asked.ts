import type { Call } from 'turnpike-core/internal/client/call'
import { asNumber } from 'turnpike-core/internal/kernel/json'
import type { Asking } from 'turnpike-core/internal/router/dispatch'
import type { Principal } from '../../vocabulary/principal.ts'

/** Whose call it is, which conversation it belongs to, and how it stands where calls wait for a place. */
export function placeAsked(
  call: Call,
  headers: Headers,
  caller: Principal,
): Pick<Asking, 'tenant' | 'session' | 'priority' | 'queueMs'> {
  const seconds = call.envelope.members.has('queue_timeout') ? asNumber(call.field('queue_timeout')) : undefined
  return {
    tenant: tenantOf(caller),
    session: sessionIn(headers),
    priority: priorityOf(call, caller),
    queueMs: seconds === undefined ? undefined : Math.min(Math.max(0, seconds), mostSeconds) * 1000,
  }
}

/** Nobody may hold a place in the queue for longer. */
const mostSeconds = 600

/** Conversations and what was issued in them are never shared between two of these. */
function tenantOf(caller: Principal): string {
  if (caller.kind === 'key') return caller.key.hash
  return caller.kind === 'token' ? `token:${caller.subject}` : caller.kind
}

/** Names of a conversation outside the body: LiteLLM's, ours, and that of Claude Code (https://docs.claude.com/en/docs/claude-code/llm-gateway). */
const sessionHeaders = ['x-litellm-session-id', 'x-turnpike-session', 'x-claude-code-session-id']

function sessionIn(headers: Headers): string | undefined {
  for (const name of sessionHeaders) {
    const value = headers.get(name)
    if (value) return value
  }
  return undefined
}

/** What is set down for the key or its team; who is let in later than that may say so, and nobody may ask for more. */
function priorityOf(call: Call, caller: Principal): number | undefined {
  const asked = call.envelope.members.has('priority') ? asNumber(call.field('priority')) : undefined
  const own = caller.kind === 'key' ? asNumber(caller.key.metadata.priority) : undefined
  const team = caller.kind === 'key' || caller.kind === 'token' ? asNumber(caller.team?.metadata.priority) : undefined
  const given = own ?? team
  return asked === undefined || given === undefined ? (asked ?? given) : Math.max(asked, given)
}
