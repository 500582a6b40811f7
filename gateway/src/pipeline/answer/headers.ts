import { type NanoUsd, zeroUsd } from 'turnpike-core/internal/kernel/money'
import type { Cost } from 'turnpike-core/internal/models/cost'
import type { Answer } from 'turnpike-core/internal/router/dispatch'
import type { House } from '../../house.ts'
import { version } from '../../version.ts'
import type { Principal } from '../../vocabulary/principal.ts'
import type { Grant } from '../admit.ts'
import type { Knock } from '../route.ts'
import { apiBaseOf, type Story } from '../story.ts'

export interface Told {
  readonly knock: Knock
  readonly answer: Answer
  readonly grant: Grant
  readonly story: Story
  readonly house: House
}

/** Headers of an answer: LiteLLM's under its names, the provider's under theirs, our share of the time; the cost where it is known already. */
export function answerHeaders(
  { knock, answer, grant, story, house }: Told,
  contentType: string,
  cost?: Cost,
): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': contentType }
  addProviderHeaders(headers, answer)
  Object.assign(headers, grant.headers)
  const total = performance.now() - knock.tick
  const upstream = story.upstreamMs()
  const own = Math.max(0, total - upstream)
  headers['x-litellm-call-id'] = knock.callId
  headers['x-litellm-version'] = version
  headers['x-litellm-model-id'] = answer.deployment.id
  headers['x-litellm-model-api-base'] = apiBaseOf(answer)
  headers['x-litellm-model-group'] = answer.group
  const region = story.region()
  if (region !== undefined) headers['x-litellm-model-region'] = region
  headers['x-litellm-attempted-retries'] = String(answer.retries)
  headers['x-litellm-attempted-fallbacks'] = String(answer.fallbacks)
  headers['x-litellm-response-duration-ms'] = milliseconds(total)
  headers['x-litellm-overhead-duration-ms'] = milliseconds(own)
  headers['server-timing'] = `gateway;dur=${milliseconds(own)}, provider;dur=${milliseconds(upstream)}`
  if (cost) addCost(headers, cost)
  addKey(headers, story.principal(), house)
  if (answer.compiled.warnings.length > 0) headers['x-turnpike-warnings'] = warningsText(answer)
  return headers
}

/** Headers that speak of one hop only, or of bytes that are no longer as they were. */
const hopByHop =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-length|content-encoding|set-cookie|alt-svc|date|server)$/
/** The vendor's own, passed on under their names to a caller who speaks its format. */
const vendorOwn = /^(x-ratelimit-|anthropic-|openai-|request-id$|x-request-id$|x-goog-|retry-after)/

function addProviderHeaders(headers: Record<string, string>, answer: Answer): void {
  const { untouched } = answer.compiled
  answer.reply.headers.forEach((value, name) => {
    if (hopByHop.test(name)) return
    if (name === 'content-type') {
      if (untouched && answer.reply.kind === 'whole') headers['content-type'] = value
      return
    }
    if (untouched && vendorOwn.test(name)) headers[name] = value
    headers[`llm_provider-${name}`] = value
  })
}

function addCost(headers: Record<string, string>, cost: Cost): void {
  headers['x-litellm-response-cost'] = usd(cost.total)
  headers['x-litellm-response-cost-input'] = usd(cost.input)
  headers['x-litellm-response-cost-output'] = usd(cost.output)
  if (cost.cacheRead > 0) headers['x-litellm-response-cost-cache-read'] = usd(cost.cacheRead)
  if (cost.cacheWrite > 0) headers['x-litellm-response-cost-cache-creation'] = usd(cost.cacheWrite)
  if (cost.reasoning > 0) headers['x-litellm-response-cost-reasoning'] = usd(cost.reasoning)
  if (cost.calls > 0) headers['x-litellm-response-cost-tool-usage'] = usd(cost.calls)
}

/** What a key may know of itself; also on errors. */
export function addKey(headers: Record<string, string>, principal: Principal, house: House): void {
  if (principal.kind !== 'key') return
  const { key } = principal
  headers['x-litellm-key-spend'] = usd(house.admission.spendOf(key.hash, key.budgetDuration) ?? zeroUsd)
  if (key.maxBudget !== undefined) headers['x-litellm-key-max-budget'] = usd(key.maxBudget)
  if (key.tpmLimit !== undefined) headers['x-litellm-key-tpm-limit'] = String(key.tpmLimit)
  if (key.rpmLimit !== undefined) headers['x-litellm-key-rpm-limit'] = String(key.rpmLimit)
}

/** To the microsecond. */
function milliseconds(time: number): string {
  return String(Math.round(time * 1000) / 1000)
}

/** Dollars without an exponent, exact to the nano-dollar. */
export function usd(amount: NanoUsd): string {
  // from a millionth of a dollar to a million of them a number prints all its digits, and no exponent
  if (amount >= 1000 && amount < 1e15 && amount % 1e9 !== 0) return String(amount / 1e9)
  const whole = Math.trunc(amount / 1e9)
  const rest = Math.abs(amount % 1e9)
  if (rest === 0) return `${whole}.0`
  let digits = String(rest).padStart(9, '0')
  while (digits.endsWith('0')) digits = digits.slice(0, -1)
  return `${amount < 0 && whole === 0 ? '-' : ''}${whole}.${digits}`
}

/** What the translation could not carry, in one header line. */
function warningsText(answer: Answer): string {
  return answer.compiled.warnings
    .slice(0, 20)
    .map(({ kind, path, why }) => `${kind} ${path}: ${why}`)
    .join('; ')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 2000)
}
