import type { Call } from '../../../client/call.ts'
import { isGatewayError } from '../../../kernel/faults.ts'
import { estimateBody } from '../../../models/estimate.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { ChatRequest } from '../../../vocabulary/chat-request.ts'
import type { Message } from '../../../vocabulary/messages.ts'
import type { MediaPart } from '../../../vocabulary/parts.ts'
import type { Deployment } from '../../deployment.ts'

type Medium = NonNullable<ModelProfile['reads']>[number]

/** What a call cannot do without. */
export interface Needs {
  readonly tools: boolean
  readonly schema: boolean
  readonly reads: readonly Medium[]
}

/** What a deployment is known not to do. */
export interface Lacks {
  readonly tools: boolean
  readonly schema: boolean
  readonly reads: readonly Medium[]
}

const media: readonly Medium[] = ['image', 'audio', 'video', 'pdf']

/** What the profile says that this deployment cannot do; undefined when nothing. A field that is dropped anyway is not missed. */
export function lacksOf({ profile, dropFields = [], mock }: Deployment): Lacks | undefined {
  if (mock !== undefined || !profile) return undefined
  const { reads } = profile
  const lacks: Lacks = {
    tools: profile.tools === false && !dropFields.includes('tools'),
    schema: profile.structuredOutput === false && !dropFields.includes('response_format'),
    reads: reads ? media.filter((medium) => !reads.includes(medium)) : [],
  }
  return lacks.tools || lacks.schema || lacks.reads.length > 0 ? lacks : undefined
}

const words: { readonly [M in Medium]: string } = {
  image: 'images',
  audio: 'audio',
  video: 'video',
  pdf: 'PDF documents',
}

/** What a call needs of this and does not find, in words; undefined when it finds all. */
export function missing(needs: Needs, lacks: Lacks): string | undefined {
  if (needs.tools && lacks.tools) return 'tools'
  if (needs.schema && lacks.schema) return 'a JSON schema for the answer'
  const medium = needs.reads.find((one) => lacks.reads.includes(one))
  return medium && words[medium]
}

const known = new WeakMap<Call, Needs>()
const nothing: Needs = { tools: false, schema: false, reads: [] }

/** A body without one of these words has neither tools nor a schema nor anything but text. */
const telling = /tools|schema|image|audio|video|file|document|inline/i

/** What a call needs beyond text, told from the request in the vocabulary; bodies that are plainly nothing but text are not read. */
export function needsOf(call: Call): Needs {
  let needs = known.get(call)
  if (!needs) known.set(call, (needs = readNeeds(call)))
  return needs
}

function readNeeds(call: Call): Needs {
  const { text } = call.envelope
  if (text !== undefined && !telling.test(text)) return nothing
  const request = requestOf(call)
  if (!request) return nothing
  const reads = new Set<Medium>()
  for (const message of request.messages) for (const medium of mediaIn(message)) reads.add(medium)
  return {
    tools: request.tools?.some(({ type }) => type !== 'native') ?? false,
    schema: request.output?.type === 'json-schema',
    reads: [...reads],
  }
}

/** A request that cannot be read is refused where it is sent, by whoever sends it. */
function requestOf(call: Call): ChatRequest | undefined {
  try {
    return call.request().value
  } catch (thrown) {
    if (isGatewayError(thrown)) return undefined
    throw thrown
  }
}

function mediaIn({ content }: Message): readonly Medium[] {
  return content.flatMap((part) => (part.type === 'media' ? (mediumOf(part) ?? []) : []))
}

/** A text file is text, and a document that does not say what it is may be one. */
function mediumOf({ kind, source }: MediaPart): Medium | undefined {
  if (kind !== 'document') return kind
  return source.type !== 'text' && source.mediaType === 'application/pdf' ? 'pdf' : undefined
}

const sizes = new WeakMap<Call, number>()

/** Input tokens that a call may come to. */
export function inputTokens(call: Call): number {
  let tokens = sizes.get(call)
  if (tokens === undefined) sizes.set(call, (tokens = estimateBody(call.envelope.bytes)))
  return tokens
}
