import type { Call } from '../../client/call.ts'
import { asObject, asString } from '../../kernel/json.ts'
import type { Deployment } from '../deployment.ts'
import type { Group } from '../pool.ts'
import { issuersOf } from './issuer.ts'
import type { Pins } from './pins.ts'
import { prefixOf } from './prefix.ts'
import type { AffinityKind, AffinitySettings } from './settings.ts'

/** Whose call it is, as far as affinity needs to know. */
export interface Speaker {
  /** whoever pays: names of conversations are never shared between two */
  readonly tenant?: string | undefined
  /** the caller's name for the conversation, where it stands outside the body */
  readonly session?: string | undefined
}

/** A conversation's place in one group. */
export interface Kept {
  /** of the deployments that may be tried now, the one that it is kept on */
  among(open: readonly Deployment[]): Deployment | undefined
  /** from now on it is kept here */
  on(deployment: Deployment): void
}

/** Keeps conversations on one deployment, so that the provider's prompt cache goes on hitting. */
export interface Affinity {
  /** undefined where a call may go anywhere */
  keep(call: Call, group: Group, speaker: Speaker): Kept | undefined
}

export function createAffinity({ kinds, groups }: AffinitySettings, pins: Pins): Affinity {
  return {
    keep(call, group, speaker) {
      if (group.deployments.length < 2) return undefined
      const own = Object.hasOwn(groups, group.name) ? (groups[group.name] ?? kinds) : kinds
      const conversation = conversationOf(call, speaker, sealsReasoning(call, group) ? [...own, 'prefix'] : own)
      if (conversation === undefined) return undefined
      const name = [group.name, speaker.tenant ?? '', conversation].join('\n')
      return {
        among(open) {
          const id = pins.get(name)
          return id === undefined ? undefined : open.find((deployment) => deployment.id === id)
        },
        on: (deployment) => pins.set(name, deployment.id),
      }
    },
  }
}

/** The first name that a conversation has, of the kinds that count here. */
function conversationOf(call: Call, speaker: Speaker, kinds: readonly AffinityKind[]): string | undefined {
  const said = kinds.includes('session') ? sessionOf(call, speaker) : undefined
  if (said !== undefined) return `s:${said.slice(0, mostCharacters)}`
  const prefix = kinds.includes('prefix') ? prefixOf(call) : undefined
  if (prefix !== undefined) return `p:${userOf(call)}:${prefix}`
  return kinds.includes('caller') && speaker.tenant !== undefined ? 'c' : undefined
}

/** Longer names are as good as this much of them. */
const mostCharacters = 256

function sessionOf(call: Call, { session }: Speaker): string | undefined {
  return (
    text(session) ??
    textField(call, 'prompt_cache_key') ??
    textField(call, 'litellm_session_id') ??
    conversationField(call) ??
    (call.envelope.members.has('metadata') ? text(asObject(call.field('metadata'))?.session_id) : undefined)
  )
}

/** The Responses API's stored conversation, by id or as an object with one. */
function conversationField(call: Call): string | undefined {
  if (!call.envelope.members.has('conversation')) return undefined
  const value = call.field('conversation')
  return text(value) ?? text(asObject(value)?.id)
}

function userOf(call: Call): string {
  return textField(call, 'user')?.slice(0, mostCharacters) ?? ''
}

function textField(call: Call, name: string): string | undefined {
  return call.envelope.members.has(name) ? text(call.field(name)) : undefined
}

function text(value: unknown): string | undefined {
  const read = asString(value)
  return read === '' ? undefined : read
}

/**
 * Whether the answer may hold reasoning that only its issuer can read again, and others might be asked next time: such a conversation
 * is kept whatever the settings say (https://developers.openai.com/api/docs/guides/reasoning, encrypted reasoning items).
 */
function sealsReasoning(call: Call, group: Group): boolean {
  const { members } = call.envelope
  if (!members.has('include') || issuersOf(group.deployments) < 2) return false
  const include = call.field('include')
  return Array.isArray(include) && include.includes('reasoning.encrypted_content')
}
