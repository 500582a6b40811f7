import fc from 'fast-check'
import { GatewayError } from '../kernel/faults.ts'
import type { ChatEvent } from '../vocabulary/chat-event.ts'
import type { FinishReason } from '../vocabulary/chat-response.ts'
import type { FormatId } from '../vocabulary/format-id.ts'
import { noUsage, type Usage, usageOf } from '../vocabulary/usage.ts'

const formats: readonly FormatId[] = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini']
const reasons: readonly FinishReason[] = [
  'stop',
  'stop-sequence',
  'length',
  'context-length',
  'tool-calls',
  'content-filter',
  'refusal',
  'pause',
  'error',
  'other',
]

const words = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('Hello', ' world', '\n\n', '😀', 'a\u0000b', '"', '\\', '{', 'data: [DONE]', ' '),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constant('') },
)
const pieces = fc.array(words, { maxLength: 4 })

/** Arguments cut into pieces: mostly JSON, now and then cut short or empty. */
const argumentPieces = fc
  .tuple(
    fc.constantFrom('{}', '{"city":"Paris"}', '{"a":[1,2,{"b":"ü😀"}],"c":null}', '', '{"cut":"sho'),
    fc.array(fc.nat(30), { maxLength: 3 }),
  )
  .map(([whole, cuts]) => {
    const places = [0, ...[...cuts].sort((a, b) => a - b), whole.length]
    return places.slice(1).map((to, at) => whole.slice(places[at], to))
  })

const opaque = fc.record({
  format: fc.constantFrom(...formats),
  kind: fc.constantFrom('signature' as const, 'redacted' as const, 'encrypted' as const),
  value: fc.constantFrom('c2VhbGVk', 'ZW5jcnlwdGVk'),
})

/** A part's events before they know their place. */
type Place = { readonly choice: number; readonly part: number }
type PartSketch = (place: Place, serial: number) => ChatEvent[]

const textPart: fc.Arbitrary<PartSketch> = fc.tuple(pieces, fc.boolean()).map(([texts, cited]) => (place) => [
  { type: 'text-start', ...place },
  ...texts.map((text) => ({ type: 'text-delta', ...place, text }) as const),
  ...(cited
    ? ([{ type: 'text-citation', ...place, citation: { kind: 'url', url: 'https://a.example', title: 'A' } }] as const)
    : []),
  { type: 'text-end', ...place },
])

const reasoningPart: fc.Arbitrary<PartSketch> = fc
  .record({ texts: pieces, paragraphs: fc.boolean(), id: fc.boolean(), seal: fc.option(opaque, { nil: undefined }) })
  .map(({ texts, paragraphs, id, seal }) => (place, serial) => [
    { type: 'reasoning-start', ...place, ...(id && { id: `rs_${serial}` }) },
    ...texts.map(
      (text, at) => ({ type: 'reasoning-delta', ...place, text, ...(paragraphs && { paragraph: at >> 1 }) }) as const,
    ),
    { type: 'reasoning-end', ...place, ...(seal && { opaque: seal }) },
  ])

const toolPart: fc.Arbitrary<PartSketch> = fc
  .record({
    inputs: argumentPieces,
    custom: fc.nat(6),
    item: fc.boolean(),
    seal: fc.option(opaque, { nil: undefined }),
  })
  .map(({ inputs, custom, item, seal }) => (place, serial) => [
    {
      type: 'tool-start',
      ...place,
      id: `call_${serial}`,
      name: 'get_weather',
      kind: custom === 0 ? 'custom' : 'function',
      ...(item && { itemId: `fc_${serial}` }),
      ...(seal?.kind === 'signature' && { opaque: seal }),
    },
    ...inputs.map((input) => ({ type: 'tool-delta', ...place, input }) as const),
    { type: 'tool-end', ...place },
  ])

const refusalPart: fc.Arbitrary<PartSketch> = pieces.map((texts) => (place) => [
  { type: 'refusal-start', ...place },
  ...texts.map((text) => ({ type: 'refusal-delta', ...place, text }) as const),
  { type: 'refusal-end', ...place },
])

const mediaPart: fc.Arbitrary<PartSketch> = fc
  .constantFrom('image' as const, 'audio' as const)
  .map((kind) => (place) => [
    {
      type: 'media',
      ...place,
      media: {
        type: 'media',
        kind,
        source: { type: 'base64', mediaType: kind === 'image' ? 'image/png' : 'audio/wav', data: 'AAAA' },
      },
    },
  ])

const nativeValues = {
  'openai-chat': { type: 'odd_part' },
  'openai-responses': { type: 'web_search_call', status: 'completed' },
  'anthropic-messages': { type: 'server_tool_use', name: 'web_search', input: {} },
  gemini: { executableCode: { language: 'PYTHON', code: 'print(1)' } },
} as const

const nativePart: fc.Arbitrary<PartSketch> = fc.constantFrom(...formats).map((format) => (place, serial) => {
  const named = format === 'openai-responses' || format === 'anthropic-messages'
  const value = { ...nativeValues[format], ...(named && { id: `ws_${serial}` }) }
  return [{ type: 'native', ...place, format, value }]
})

const part = fc.oneof(
  { weight: 5, arbitrary: textPart },
  { weight: 4, arbitrary: toolPart },
  { weight: 3, arbitrary: reasoningPart },
  { weight: 1, arbitrary: refusalPart },
  { weight: 1, arbitrary: mediaPart },
  { weight: 1, arbitrary: nativePart },
)

interface ChoiceSketch {
  readonly parts: readonly PartSketch[]
  readonly reason: FinishReason
  readonly logprobs: boolean
}

const choiceSketch: fc.Arbitrary<ChoiceSketch> = fc.record({
  parts: fc.array(part, { maxLength: 5 }),
  reason: fc.constantFrom(...reasons),
  logprobs: fc.nat(9).map((roll) => roll === 0),
})

interface StreamSketch {
  readonly choices: readonly ChoiceSketch[]
  /** the rolls that decide who goes on next; they wrap around */
  readonly rolls: readonly number[]
  readonly ending: 'end' | 'error' | 'cut'
  /** where an error or a cut falls, in thousandths of the stream */
  readonly at: number
  readonly usage: Usage
}

const usage = fc
  .record({ fresh: fc.nat(900), cacheRead: fc.nat(50), output: fc.nat(500), reasoning: fc.nat(20) })
  .map((counts) => usageOf({ ...counts, output: counts.output + counts.reasoning }))

const streamSketch: fc.Arbitrary<StreamSketch> = fc.record({
  choices: fc.oneof(
    { weight: 4, arbitrary: fc.array(choiceSketch, { minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.array(choiceSketch, { minLength: 1, maxLength: 3 }) },
  ),
  rolls: fc.array(fc.nat(99), { minLength: 1, maxLength: 24 }),
  ending: fc.oneof(
    { weight: 4, arbitrary: fc.constant('end' as const) },
    fc.constantFrom('error' as const, 'cut' as const),
  ),
  at: fc.nat(999),
  usage,
})

/** Legal streams of the vocabulary: parts interleaved at will, pings and usage between, ended, failed or cut off. */
export function chatEvents(): fc.Arbitrary<ChatEvent[]> {
  return streamSketch.map(draw)
}

function draw(sketch: StreamSketch): ChatEvent[] {
  const start: ChatEvent = { type: 'response-start', id: 'answer-1', model: 'a-model', createdAt: 1_750_000_000 }
  const whole = [start, ...interleave(sketch), { type: 'response-end', usage: sketch.usage } as const]
  const cut = 1 + Math.floor((sketch.at / 1000) * (whole.length - 1))
  if (sketch.ending === 'cut') return whole.slice(0, cut)
  if (sketch.ending === 'end') return whole
  const error = new GatewayError('provider-overloaded', 'The provider is overloaded.', {
    vendorType: 'overloaded_error',
  })
  return [...whole.slice(0, cut - 1), { type: 'error', error }]
}

/** A choice while its parts are dealt out. */
interface Dealer {
  next(roll: number): ChatEvent | undefined
}

function interleave(sketch: StreamSketch): ChatEvent[] {
  const serial = { next: 0 }
  const dealers = sketch.choices.map((choice, index) => dealer(choice, index, serial))
  const out: ChatEvent[] = []
  for (let step = 0; dealers.length > 0; step++) {
    const roll = sketch.rolls[step % sketch.rolls.length] ?? 0
    if (roll % 17 === 3) out.push({ type: 'ping' })
    if (roll % 23 === 5) out.push({ type: 'usage', usage: { ...noUsage, input: 1, fresh: 1, output: step } })
    const at = (roll + step) % dealers.length
    const event = dealers[at]?.next(roll)
    if (event) out.push(event)
    else dealers.splice(at, 1)
  }
  return out
}

function dealer(choice: ChoiceSketch, index: number, serial: { next: number }): Dealer {
  const waiting = choice.parts.map((make, part) => make({ choice: index, part }, serial.next++))
  const open: ChatEvent[][] = []
  const last: ChatEvent[] = [
    ...(choice.logprobs
      ? [{ type: 'logprobs', choice: index, logprobs: [{ token: 'a', logprob: -0.5 }] } as const]
      : []),
    { type: 'choice-end', choice: index, finish: { reason: choice.reason } },
  ]
  return {
    next(roll) {
      const begun = open.length === 0 || roll % 3 === 0 ? waiting.shift() : undefined
      if (begun) {
        const [start, ...rest] = begun
        if (rest.length > 0) open.push(rest)
        return start
      }
      if (open.length === 0) return last.shift()
      const at = roll % open.length
      const event = open[at]?.shift()
      if (open[at]?.length === 0) open.splice(at, 1)
      return event
    },
  }
}
