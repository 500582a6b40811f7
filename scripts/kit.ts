import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formats } from '../core/src/formats/index.ts'
import { isGatewayError } from '../core/src/kernel/faults.ts'
import { asArray, asObject, isObject, type Json, type JsonObject } from '../core/src/kernel/json.ts'
import { memberOf, scanEnvelope, spliceMembers } from '../core/src/kernel/scan.ts'
import { run } from '../core/src/kernel/transducer.ts'
import { differences, unexplained } from '../core/src/testing/comparison/differences.ts'
import { isOnWire } from '../core/src/testing/comparison/presence.ts'
import { restated, widened } from '../core/src/testing/comparison/restated.ts'
import { checkStream } from '../core/src/testing/grammar/index.ts'
import type { ChatEvent } from '../core/src/vocabulary/chat-event.ts'
import type { ChatRequest } from '../core/src/vocabulary/chat-request.ts'
import { fold } from '../core/src/vocabulary/fold.ts'
import type { FormatId } from '../core/src/vocabulary/format-id.ts'
import { compareAnswer, compareUsage } from './kit-answers.ts'

/** One recorded exchange, as far as it concerns us. */
export interface Case {
  readonly id: string
  readonly provider: string
  readonly format: FormatId
  readonly features: readonly string[]
  readonly request?: { readonly url: string; readonly body?: JsonObject }
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body?: Json
    readonly sse?: string
    readonly text?: string
  }
  readonly derived: JsonObject
}

/** What became of a case: the checks that were made and those that failed, with the reason. */
export interface Verdict {
  readonly case: Case
  readonly checks: readonly string[]
  readonly failures: readonly string[]
}

const formatOfApi: Readonly<Record<string, FormatId>> = {
  'openai.chat': 'openai-chat',
  'openai.responses': 'openai-responses',
  'anthropic.messages': 'anthropic-messages',
  'gemini.generateContent': 'gemini',
}
const operations = new Set(['chat', 'responses', 'messages', 'generate_content'])
/** Hosts that wrap a format in a dialect of their own. */
const variants = new Set(['vertex_ai', 'bedrock'])

/** The kit's folder, if there is one: `TURNPIKE_KIT`, or `shared/kit` beside the repository. */
export function kitFolder(): string | undefined {
  const folder = process.env.TURNPIKE_KIT ?? join(import.meta.dirname, '..', '..', 'shared', 'kit')
  return existsSync(join(folder, 'cases')) ? folder : undefined
}

/** Every case in a format and operation that we speak. */
export function casesOf(folder: string): Case[] {
  const root = join(folder, 'cases')
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'manifest.json')
    .map((entry) => JSON.parse(readFileSync(join(entry.parentPath, entry.name), 'utf8')) as JsonObject)
    .flatMap((recorded) => {
      const format = formatOfApi[String(recorded.api)]
      const known = format && operations.has(String(recorded.operation)) && !variants.has(String(recorded.provider))
      return known ? [{ ...recorded, format, derived: recorded.derived ?? {} } as unknown as Case] : []
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

type Failures = readonly string[]
type Checker = (recorded: Case) => Failures | undefined

/** Each check gives its failures, or undefined where it does not apply. */
const checkers: Readonly<Record<string, Checker>> = {
  request: checkRequest,
  untouched: checkUntouched,
  answer: checkAnswer,
  stream: checkStreamed,
  grammar: checkGrammar,
  error: checkError,
}

/** Runs every check that applies. */
export function judge(recorded: Case): Verdict {
  const checks: string[] = []
  const failures: string[] = []
  for (const [name, check] of Object.entries(checkers)) {
    let found: Failures | undefined
    try {
      found = check(recorded)
    } catch (error) {
      found = [`threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`]
    }
    if (!found) continue
    checks.push(name)
    failures.push(...found.map((why) => `${name}: ${why}`))
  }
  return { case: recorded, checks, failures }
}

function pathOf(url: string): { model?: string; stream?: boolean } {
  const google = /\/models\/([^/:?]+):(\w+)/.exec(url)
  if (google) return { model: decodeURIComponent(google[1] ?? ''), stream: google[2] === 'streamGenerateContent' }
  const deployment = /\/deployments\/([^/]+)\//.exec(url)
  return deployment?.[1] === undefined ? {} : { model: deployment[1] }
}

function checkRequest({ request, response, format }: Case): Failures | undefined {
  if (!isObject(request?.body)) return undefined
  const { client, server } = formats[format]
  const path = pathOf(request.url)
  let first: ChatRequest
  try {
    first = server.readRequest(request.body, path).value
  } catch (error) {
    // what the vendor refused, we may refuse
    if (isGatewayError(error) && response.status >= 400) return []
    throw error
  }
  const { value, warnings } = client.writeRequest(first, { model: first.model })
  const again = server.readRequest(JSON.parse(JSON.stringify(value)) as JsonObject, path).value
  const wire = JSON.stringify(value)
  const lost = leavesOf(request.body).filter((leaf) => leaf.length >= 12 && !isOnWire(wire, leaf))
  // usage is always asked for upstream, whether the caller wants it or not
  const plain = (asked: ChatRequest) =>
    restated({ ...asked, includeUsage: true }, format, first.maxOutputTokens !== undefined)
  return [
    ...unexplained(differences(plain(first), plain(again)), widened(warnings, first)).map((at) => `${at} changed`),
    ...(warnings.length > 0 ? [] : lost.map((leaf) => `lost ${leaf.slice(0, 30)}`)),
  ]
}

/** All texts in a value, but names of types and models; texts that are JSON themselves may be spelt otherwise and are left out. */
function leavesOf(value: Json | undefined): string[] {
  if (typeof value === 'string') return /^\s*[[{]/.test(value) ? [] : [value]
  if (Array.isArray(value)) return value.flatMap(leavesOf)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, member]) => (key === 'type' || key === 'model' ? [] : leavesOf(member)))
}

function checkUntouched({ request }: Case): Failures | undefined {
  if (!isObject(request?.body)) return undefined
  const text = JSON.stringify(request.body)
  const envelope = scanEnvelope(new TextEncoder().encode(text))
  const model = memberOf(envelope, 'model')
  const same = new TextDecoder().decode(spliceMembers(envelope, model === undefined ? {} : { model }))
  return same === text ? [] : ['splicing the same model changed other bytes']
}

function checkAnswer({ response, format, derived }: Case): Failures | undefined {
  if (response.status >= 300 || !isObject(response.body)) return undefined
  if (derived.error !== undefined || derived.stream_error !== undefined) {
    try {
      formats[format].client.readResponse(response.body)
    } catch (error) {
      return isGatewayError(error) ? [] : ['an error within the answer crashed']
    }
    return asArray(response.body.choices).length > 0 ? [] : ['an error within the answer was read as an answer']
  }
  const answer = formats[format].client.readResponse(response.body)
  const meter = formats[format].client.meter()
  meter.read(response.body)
  return [...compareAnswer(answer, derived, format), ...compareUsage(meter.usage(), derived, 'meter')]
}

function eventsOf({ response, format }: Case): ChatEvent[] {
  const { client, framing } = formats[format]
  return run(client.readStream(), run(framing.read(), [new TextEncoder().encode(response.sse)]))
}

function checkStreamed(recorded: Case): Failures | undefined {
  const { response, format, derived } = recorded
  if (response.status >= 300 || typeof response.sse !== 'string') return undefined
  const events = eventsOf(recorded)
  const failed = events.some(({ type }) => type === 'error')
  if (derived.stream_error !== undefined || derived.error !== undefined)
    return failed ? [] : ['the error in the stream was not seen']
  if (failed) return recorded.features.includes('truncated') ? [] : ['an error was seen where none is']
  return compareAnswer(fold(events), derived, format)
}

function checkGrammar(recorded: Case): Failures | undefined {
  if (recorded.response.status >= 300 || typeof recorded.response.sse !== 'string') return undefined
  const events = eventsOf(recorded)
  return (Object.keys(formats) as FormatId[]).flatMap((target) => {
    const frames = run(formats[target].server.writeStream({ model: 'm', messages: [], stream: true }), events)
    return checkStream[target](frames).map((why) => `${target}: ${why}`)
  })
}

function checkError({ response, format, derived }: Case): Failures | undefined {
  const body =
    response.text ?? (response.body === undefined || response.body === null ? undefined : JSON.stringify(response.body))
  if (response.status < 400 || body === undefined) return undefined
  const error = formats[format].client.readError(
    response.status,
    new Headers(response.headers),
    new TextEncoder().encode(body),
  )
  const message = asObject(derived.error)?.message
  const told =
    typeof message !== 'string' ||
    !isObject(asObject(response.body)?.error) ||
    error.message.includes(message.slice(0, 60))
  return [
    ...(error.status === response.status ? [] : [`status ${error.status} instead of ${response.status}`]),
    ...(told ? [] : [`the message was lost: ${error.message.slice(0, 80)}`]),
  ]
}
