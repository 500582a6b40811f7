import type { Call } from '../../client/call.ts'
import { chatFormats } from '../../providers/row.ts'
import type { Deployment } from '../deployment.ts'
import type { Group } from '../pool.ts'

/** Whether two deployments call the same place with the same credential: what one of them issued, the other can go on with. */
export function sameIssuer(a: Deployment, b: Deployment): boolean {
  if (a === b || a.id === b.id) return true
  return (
    a.provider.name === b.provider.name &&
    a.apiBase === b.apiBase &&
    a.secret?.reveal() === b.secret?.reveal() &&
    a.headers?.['openai-organization'] === b.headers?.['openai-organization']
  )
}

const counts = new WeakMap<readonly Deployment[], number>()

/** How many issuers there are among these deployments. */
export function issuersOf(deployments: readonly Deployment[]): number {
  let count = counts.get(deployments)
  if (count === undefined) {
    const firsts: Deployment[] = []
    for (const deployment of deployments)
      if (!firsts.some((first) => sameIssuer(first, deployment))) firsts.push(deployment)
    counts.set(deployments, (count = firsts.length))
  }
  return count
}

/**
 * Whether the answer may hold what only its issuer can read again, where others might be asked next time. `always`: encrypted reasoning
 * was asked for (https://developers.openai.com/api/docs/guides/reasoning). `maybe`: thoughts that are signed or redacted, of Anthropic
 * (https://platform.claude.com/docs/en/build-with-claude/extended-thinking) or Google (https://ai.google.dev/gemini-api/docs/thought-signatures).
 */
export type Sealing = 'always' | 'maybe'

export function sealingOf(call: Call, { deployments }: Group): Sealing | undefined {
  if (issuersOf(deployments) < 2) return undefined
  const include = call.envelope.members.has('include') ? call.field('include') : undefined
  if (Array.isArray(include) && include.includes('reasoning.encrypted_content')) return 'always'
  return haveSigners(deployments) ? 'maybe' : undefined
}

const signers = new WeakMap<readonly Deployment[], boolean>()

function haveSigners(deployments: readonly Deployment[]): boolean {
  let known = signers.get(deployments)
  if (known === undefined) signers.set(deployments, (known = deployments.some(signs)))
  return known
}

function signs({ provider, model, profile, apiBase }: Deployment): boolean {
  if (profile.thinking === 'none') return false
  const spoken = chatFormats(provider, { model, ...(apiBase !== undefined && { apiBase }) })
  return spoken.includes('anthropic-messages') || spoken.includes('gemini')
}

/** Names under which sealed reasoning stands in a conversation, over all formats; in what somebody says, quotes are escaped. */
const seals = /"(?:signature|thoughtSignature|thought_signature|redacted_thinking|encrypted_content)"/
const decoder = new TextDecoder()

/**
 * Whether a call brings back something that was sealed for it. Where its issuer cannot be asked, it goes to others as it is: Anthropic's
 * signatures hold for every account and platform (https://platform.claude.com/docs/en/build-with-claude/extended-thinking#thinking-encryption).
 */
export function carriesSeals({ envelope: { text, bytes } }: Call): boolean {
  return seals.test(text ?? decoder.decode(bytes))
}
