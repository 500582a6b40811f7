import type { Call } from '../../client/call.ts'
import { asObject, asString } from '../../kernel/json.ts'
import type { Deployment } from '../deployment.ts'
import type { Group } from '../pool.ts'
import { carriesSeals, type Sealing, sameIssuer, sealingOf } from './issuer.ts'
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
      const sealing = sealingOf(call, group)
      const wanted = conversationOf(call, speaker, sealing === 'always' ? [...own, 'prefix'] : own)
      const conversation = wanted ?? (sealing && conversationOf(call, speaker, ['prefix']))
      if (conversation === undefined) return undefined
      const name = [group.name, speaker.tenant ?? '', conversation].join('\n')
      const free = wanted === undefined
      return {
        among(open) {
          const id = pins.get(name)
          // nobody wants the conversation in one place until it bears what was issued there
          if (id === undefined || (free && !carriesSeals(call))) return undefined
          return open.find((deployment) => deployment.id === id) ?? kinOf(id, group, { open, sealing })
        },
        on: (deployment) => pins.set(name, deployment.id),
      }
    },
  }
}

interface Left {
  readonly open: readonly Deployment[]
  readonly sealing: Sealing | undefined
}

/** Who else can go on with what a deployment issued, where it may have issued something. */
function kinOf(id: string, { deployments }: Group, { open, sealing }: Left): Deployment | undefined {
  const issuer = sealing && deployments.find((deployment) => deployment.id === id)
  return issuer && open.find((deployment) => sameIssuer(deployment, issuer))
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
