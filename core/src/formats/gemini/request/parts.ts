import { isObject, type JsonObject, type MutableJsonObject, parseObject } from '../../../kernel/json.ts'
import type { AssistantPart, Opaque, ReasoningPart, ToolCallPart } from '../../../vocabulary/parts.ts'
import type { ToolNames } from '../../tool-names.ts'
import { camel, formatId, ownSignature, signatureOf, type Warnings, warn } from '../wire.ts'
import { readMedia, writeMedia } from './media.ts'

/**
 * One part of a model's turn. Google may seal any part with a `thoughtSignature`. A call and a thought keep theirs; a text or a
 * medium has no place for it, so an empty reasoning part right behind it bears it and goes back onto it.
 */
export function readModelPart(raw: JsonObject, newId: () => string): AssistantPart[] {
  const part = camel(raw)
  const opaque = signatureOf(part)
  if (isObject(part.functionCall)) return [readCall(part.functionCall, opaque, newId)]
  if (typeof part.text === 'string') {
    if (part.thought === true) return [{ type: 'reasoning', text: part.text, ...(opaque && { opaque }) }]
    const text = { type: 'text', text: part.text } as const
    return opaque ? [...(part.text === '' ? [] : [text]), seal(opaque)] : [text]
  }
  const media = part.thought === true || part.videoMetadata !== undefined ? undefined : readMedia(part)
  if (media) return opaque ? [media, seal(opaque)] : [media]
  const { thought: _thought, thoughtSignature: _signature, ...content } = part
  if (Object.keys(content).length > 0) return [{ type: 'native', format: formatId, value: raw }]
  return opaque ? [seal(opaque)] : []
}

const seal = (opaque: Opaque): ReasoningPart => ({ type: 'reasoning', text: '', opaque })

function readCall(given: JsonObject, opaque: Opaque | undefined, newId: () => string): ToolCallPart {
  const { id, name, args } = camel(given)
  return {
    type: 'tool-call',
    id: typeof id === 'string' && id !== '' ? id : newId(),
    name: typeof name === 'string' ? name : '',
    kind: 'function',
    input: JSON.stringify(args ?? {}),
    ...(opaque && { opaque }),
  }
}

/** Whether a call can be handed out: it is named, and its arguments did not break off. */
export function isWhole(call: ToolCallPart): boolean {
  return call.name !== '' && argumentsOf(call) !== undefined
}

/** What the writing of parts needs to know, and where it says what it could not carry. */
export interface PartContext {
  readonly names: Pick<ToolNames, 'wire'>
  readonly warnings: Warnings
  readonly path: string
}

/** The arguments as Google has them, an object; undefined when the text is no JSON object. Free text becomes one argument. */
export function argumentsOf({ kind, input }: Pick<ToolCallPart, 'kind' | 'input'>): JsonObject | undefined {
  if (kind === 'custom') return { input }
  return input.trim() === '' ? {} : parseObject(input)
}

/** The parts of a model's turn, in order. Reasoning is a thought; an empty, signed one signs the text or medium before it. */
export function writeModelParts(parts: readonly AssistantPart[], context: PartContext): MutableJsonObject[] {
  const out: MutableJsonObject[] = []
  for (const [at, part] of parts.entries()) {
    const path = `${context.path}.${at}`
    const before = out.at(-1)
    if (part.type === 'reasoning' && isSeal(part) && before && takesSeal(before))
      before.thoughtSignature = ownSignature(part.opaque)
    else out.push(...(writers[part.type] as Writer<AssistantPart>)(part, { ...context, path }))
  }
  return out
}

const isSeal = (part: ReasoningPart): boolean => part.text === '' && ownSignature(part.opaque) !== undefined

const takesSeal = (wire: JsonObject): boolean =>
  wire.thoughtSignature === undefined &&
  wire.thought === undefined &&
  (wire.text !== undefined || wire.inlineData !== undefined || wire.fileData !== undefined)

type Writer<P> = (part: P, context: PartContext) => MutableJsonObject[]

const writers: { [T in AssistantPart['type']]: Writer<Extract<AssistantPart, { type: T }>> } = {
  text: (part, { warnings, path }) => {
    if (part.citations) warn(warnings, 'dropped', `${path}.citations`, 'Gemini takes no citations in a conversation')
    if (part.cache) warn(warnings, 'dropped', `${path}.cache`, 'Gemini has no prompt-cache breakpoints')
    return [{ text: part.text }]
  },
  reasoning: writeReasoning,
  'tool-call': writeCall,
  media: (part, { warnings, path }) => {
    if (part.transcript !== undefined) warn(warnings, 'dropped', `${path}.transcript`, 'Gemini takes no transcript')
    if (part.name !== undefined) warn(warnings, 'dropped', `${path}.name`, 'Gemini takes no names of media')
    return [writeMedia(part)]
  },
  refusal: (part, { warnings, path }) => {
    warn(warnings, 'adjusted', path, 'Gemini has no refusals; it is sent as text')
    return [{ text: part.text }]
  },
  native: (part) => (part.format === formatId ? [{ ...part.value }] : []),
}

function writeReasoning(part: ReasoningPart, { warnings, path }: PartContext): MutableJsonObject[] {
  const signature = ownSignature(part.opaque)
  if (part.opaque && signature === undefined)
    warn(warnings, 'dropped', `${path}.opaque`, `only ${part.opaque.format} can read it`)
  if (part.summary) warn(warnings, 'adjusted', `${path}.summary`, 'its paragraphs are sent as one text')
  if (part.id !== undefined) warn(warnings, 'dropped', `${path}.id`, 'Gemini gives thoughts no ids')
  if (part.opaque && signature === undefined && part.text === '') return []
  return [{ text: part.text, thought: true, ...(signature !== undefined && { thoughtSignature: signature }) }]
}

function writeCall(part: ToolCallPart, { names, warnings, path }: PartContext): MutableJsonObject[] {
  const signature = ownSignature(part.opaque)
  if (part.opaque && signature === undefined)
    warn(warnings, 'dropped', `${path}.opaque`, `only ${part.opaque.format} can read it`)
  if (part.itemId !== undefined) warn(warnings, 'dropped', `${path}.itemId`, 'Gemini knows calls by one id')
  if (part.cache) warn(warnings, 'dropped', `${path}.cache`, 'Gemini has no prompt-cache breakpoints')
  const name = names.wire(part.name, part.namespace)
  if (part.kind === 'custom')
    warn(warnings, 'emulated', path, 'free text is sent as the argument `input` of a function')
  else if (name !== part.name)
    warn(warnings, 'adjusted', `${path}.name`, `Gemini does not take this name; \`${name}\` is sent`)
  const args = argumentsOf(part)
  if (!args) warn(warnings, 'adjusted', `${path}.input`, 'it is no JSON object; it is sent as the argument `input`')
  const functionCall = { id: part.id, name, args: args ?? { input: part.input } }
  return [{ functionCall, ...(signature !== undefined && { thoughtSignature: signature }) }]
}
