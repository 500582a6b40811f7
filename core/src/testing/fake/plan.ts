import { asArray, asObject, isObject, type Json, type JsonObject } from '../../kernel/json.ts'

/** A tool on offer. */
export interface Offer {
  readonly name: string
  readonly schema?: JsonObject | undefined
}

/** What was asked, as far as the answer depends on it. */
export interface Asked {
  readonly model: string
  readonly stream: boolean
  readonly lastText: string
  /** characters of all text in the messages and instructions */
  readonly chars: number
  readonly offers: readonly Offer[]
  /** whether the last message is a tool's result */
  readonly answered: boolean
  /** schema of the answer, where one was asked for; `{}` for JSON of any shape */
  readonly schema?: JsonObject | undefined
  /** whether usage is wanted in a stream of a format that has it only on request */
  readonly includeUsage: boolean
}

/** What will be answered. */
export interface Plan {
  readonly serial: number
  readonly model: string
  readonly text: string
  readonly reasoning?: string
  readonly call?: { readonly name: string; readonly input: string; readonly args: JsonObject }
  readonly includeUsage: boolean
  readonly inputTokens: number
  readonly outputTokens: number
}

/** Seconds since 1970 in every answer. */
export const createdAt = 1_750_000_000

/** All text under a value: of strings, and of `text`, `content`, `parts` and `output` members. */
export function textUnder(value: Json | undefined): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(textUnder).join('')
  if (!isObject(value)) return ''
  return textUnder(value.text ?? value.content ?? value.parts ?? value.output)
}

/** The text of the last message of the user that has any. */
export function lastUserText(messages: readonly Json[]): string {
  const texts = messages
    .filter((message) => isObject(message) && (message.role ?? 'user') === 'user')
    .map((message) => textUnder(message))
    .filter((text) => text !== '')
  return texts.at(-1) ?? ''
}

/** A value that fits a JSON schema well enough: every required member, `Paris` for text. */
export function sampleOf(schema: JsonObject | undefined): Json {
  const choices = asArray(schema?.enum)
  if (choices.length > 0) return choices[0] ?? null
  const type = String(Array.isArray(schema?.type) ? schema.type[0] : (schema?.type ?? 'object')).toLowerCase()
  const plain: Readonly<Record<string, Json>> = {
    string: 'Paris',
    integer: 1,
    number: 1.5,
    boolean: true,
    array: [],
    null: null,
  }
  if (type !== 'object') return plain[type] ?? null
  const properties = asObject(schema?.properties) ?? {}
  const names = schema?.required === undefined ? Object.keys(properties) : asArray(schema.required)
  return Object.fromEntries(names.map((name) => [String(name), sampleOf(asObject(properties[String(name)]))]))
}

const wordsIn = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length

/** Decides the answer: a call when one is asked for, JSON when a schema is given, else an echo. */
export function planAnswer(asked: Asked, serial: number, text?: string): Plan {
  const offer = asked.answered ? undefined : asked.offers.find(({ name }) => asked.lastText.includes(`call ${name}`))
  const args = offer && (asObject(sampleOf(offer.schema)) ?? {})
  const call = offer && args && { name: offer.name, args, input: JSON.stringify(args) }
  const said = asked.schema ? JSON.stringify(sampleOf(asked.schema)) : `You said: ${asked.lastText}`
  const answer = text ?? (call ? '' : said)
  const reasoning = asked.lastText.includes('think') ? 'Let me think about it.' : undefined
  return {
    serial,
    model: asked.model,
    text: answer,
    ...(reasoning !== undefined && { reasoning }),
    ...(call && { call }),
    includeUsage: asked.includeUsage,
    inputTokens: Math.ceil(asked.chars / 4),
    outputTokens: wordsIn(answer) + wordsIn(call?.input ?? '') + reasoningTokens({ reasoning }),
  }
}

/** Tokens of thought within the output. */
export function reasoningTokens(plan: { readonly reasoning?: string | undefined }): number {
  return wordsIn(plan.reasoning ?? '')
}
