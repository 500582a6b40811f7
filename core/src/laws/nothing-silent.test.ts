import { describe, expect, test } from 'bun:test'
import { formats } from '../formats/index.ts'
import { isGatewayError } from '../kernel/faults.ts'
import { asObject, type JsonObject } from '../kernel/json.ts'
import { covers } from '../testing/comparison/differences.ts'
import { isOnWire } from '../testing/comparison/presence.ts'
import { widened } from '../testing/comparison/restated.ts'
import { corpus } from '../testing/corpus/index.ts'
import type { ChatRequest, Tool } from '../vocabulary/chat-request.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import type { MediaPart } from '../vocabulary/parts.ts'
import type { Warning } from '../vocabulary/warnings.ts'

/** A piece of a request that must not vanish, known by a string of its own. */
interface Marker {
  readonly path: string
  readonly text: string
  /** losing it would change what the request means */
  readonly vital: boolean
}

const sourceMarks: {
  [T in MediaPart['source']['type']]: (source: Extract<MediaPart['source'], { type: T }>) => string
} = {
  base64: ({ data }) => data,
  url: ({ url }) => url,
  file: ({ id }) => id,
  text: ({ text }) => text,
}
const markOf = ({ source }: MediaPart): string =>
  (sourceMarks[source.type] as (source: MediaPart['source']) => string)(source)

function toolMarks(tool: Tool, path: string): Marker[] {
  if (tool.type === 'native') return [{ path, text: JSON.stringify(tool.value), vital: true }]
  const properties = tool.type === 'function' ? Object.keys(asObject(tool.parameters?.properties) ?? {}) : []
  const grammar = tool.type === 'custom' && tool.grammar ? [tool.grammar.definition] : []
  return [
    { path, text: tool.name, vital: true },
    ...properties.map((name) => ({ path, text: name, vital: true })),
    ...grammar.map((text) => ({ path, text, vital: false })),
  ]
}

function marksOf(request: ChatRequest): Marker[] {
  const marks: Marker[] = []
  for (const [at, message] of request.messages.entries())
    for (const [index, part] of message.content.entries()) {
      const path = `messages.${at}.content.${index}`
      if (part.type === 'media') marks.push({ path, text: markOf(part), vital: true })
      if (part.type === 'tool-call') marks.push({ path, text: part.name, vital: true })
      if (part.type === 'text' && part.text.trim() !== '') marks.push({ path, text: part.text, vital: true })
      if (part.type === 'native') marks.push({ path, text: JSON.stringify(part.value), vital: false })
      if (part.type === 'reasoning' && part.text !== '')
        marks.push({ path, text: part.text.slice(0, 12), vital: false })
      if ((part.type === 'reasoning' || part.type === 'tool-call') && part.opaque)
        marks.push({ path, text: part.opaque.value, vital: false })
    }
  for (const [at, tool] of (request.tools ?? []).entries()) marks.push(...toolMarks(tool, `tools.${at}`))
  if (request.output?.type === 'json-schema')
    for (const name of Object.keys(asObject(request.output.schema.properties) ?? {}))
      marks.push({ path: 'output', text: name, vital: true })
  return marks
}

/** Settings that are either on the wire in some spelling or named in a warning. */
const settings = [
  'toolChoice',
  'parallelTools',
  'output',
  'reasoning',
  'maxOutputTokens',
  'stop',
  'temperature',
  'topP',
  'topK',
  'frequencyPenalty',
  'presencePenalty',
  'seed',
  'logitBias',
  'logprobs',
  'choices',
  'modalities',
  'audio',
  'verbosity',
  'user',
  'metadata',
  'serviceTier',
  'store',
  'safetyId',
  'promptCache',
  'native',
] as const

/** Settings that ask for what happens anyway. */
const isMoot = (request: ChatRequest, setting: (typeof settings)[number]): boolean =>
  request.parallelTools === true && setting === 'parallelTools'
    ? true
    : ['text', 'auto'].includes(String((request[setting] as { type?: unknown }).type))

const namedIn = (warnings: readonly Warning[], path: string): Warning[] =>
  warnings.filter((warning) => covers(warning, path) && sameStem(warning.path, path))
/** A loss earlier in a list explains moves, but not the loss of this member. */
const sameStem = (named: string, path: string): boolean =>
  named === path || path.startsWith(`${named}.`) || named.startsWith(`${path}.`)

/** A tool that may not be called need not be sent, if that is said. */
const forbidden = (request: ChatRequest, path: string, warnings: readonly Warning[]): boolean =>
  path.startsWith('tools.') &&
  request.toolChoice?.type === 'allowed' &&
  warnings.some((warning) => warning.path === 'toolChoice')

describe.each(Object.keys(formats) as FormatId[])('L3 nothing is silently lost on the way to %s', (format) => {
  const { client } = formats[format]
  const write = (request: ChatRequest) => client.writeRequest(request, { model: 'corpus-model' })

  test.each(corpus.map(({ name, request }) => [name, request] as const))('%s', (_name, request) => {
    let body: JsonObject
    let warnings: readonly Warning[]
    try {
      ;({ value: body, warnings } = write(request))
    } catch (error) {
      if (!isGatewayError(error)) throw error
      expect([error.code, typeof error.detail.param]).toEqual(['unsupported', 'string'])
      return
    }
    const wire = JSON.stringify(body)
    for (const { path, text, vital } of marksOf(request)) {
      if (isOnWire(wire, text) || forbidden(request, path, warnings)) continue
      const named = namedIn(warnings, path).filter(({ kind }) => !vital || kind !== 'dropped')
      expect([path, text.slice(0, 40), warnings, named.length > 0]).toEqual([path, text.slice(0, 40), warnings, true])
    }
  })

  test('every setting changes the body or is warned about', () => {
    const silent: string[] = []
    for (const { name, request } of corpus)
      for (const setting of settings) {
        if (request[setting] === undefined) continue
        const { [setting]: _without, ...rest } = request
        try {
          const { value, warnings } = write(request)
          if (namedIn(widened(warnings, request), setting).length > 0) continue
          const same = JSON.stringify(value) === JSON.stringify(write(rest).value)
          if (same && !isMoot(request, setting)) silent.push(`${setting} of ${name}`)
        } catch (error) {
          if (!isGatewayError(error)) throw error
        }
      }
    expect(silent).toEqual([])
  })
})
