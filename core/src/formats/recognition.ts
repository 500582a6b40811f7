import type { FaultCode } from '../kernel/faults.ts'

/** One way to recognise a failure: by the vendor's machine words, then by its wording. */
interface Rule {
  readonly fault: FaultCode
  /** the vendor's type or code, lower-cased, without separators */
  readonly words?: ReadonlySet<string>
  readonly text?: RegExp
  /** statuses at which the wording counts; all when absent */
  readonly at?: (status: number) => boolean
}

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '))
const notLimited = (status: number): boolean => status !== 429
const notFailed = (status: number): boolean => status < 500
const notRefused = (status: number): boolean => status < 400 || status >= 500 || status === 408

/** Checked in order, the first match wins: what is exact stands before what is broad. The wordings are vendors' own. */
const rules: readonly Rule[] = [
  // Gemini words its per-minute limits like an empty account and names both so
  { fault: 'provider-limit', words: words('resourceexhausted') },
  {
    fault: 'context-overflow',
    words: words(
      'contextlengthexceeded contextwindowexceeded modelcontextwindowexceeded stringabovemaxlength prompttoolong exceedcontextsizeerror requesttoolarge',
    ),
    text: new RegExp(
      [
        'exceeds? (?:the )?(?:maximum )?context (?:limit|length|window|size)',
        "(?:model'?s? )?maximum context (?:length|limit)",
        "longer than the model'?s (?:maximum )?context length",
        'string too long\\. expected a string with maximum length',
        'input tokens exceed the configured limit',
        '`?inputs`? tokens \\+ `?max_new_tokens`?',
        'exceeds the maximum number of tokens',
        'current length is .* while limit is',
        'prompt is too long',
        'prompt has too many tokens',
        'input is too long',
        'too many (?:input )?tokens(?! per)',
        'maximum prompt length is',
        'reduce the length of (?:the|your) (?:messages|prompt|input)',
        'input text length should not exceed',
        'length limit exceeded',
        'request payload size exceeds',
        'exceeds the available context size',
      ].join('|'),
      'is',
    ),
    at: (status) => notLimited(status) && notFailed(status),
  },
  {
    fault: 'content-policy',
    words: words(
      'contentpolicyviolation contentfilter contentfilterpolicy responsibleaipolicyviolation moderationblocked datainspectionfailed cyberpolicyviolation promptblocked',
    ),
    text: /content[_ ]policy|violating our usage policy|as a result of (?:the|our) safety system|content management policy|output blocked by content filtering|the response was blocked|model produced invalid content|content_filter|flagged (?:by|for|as)|requires moderation|inappropriate content/i,
    at: notFailed,
  },
  {
    fault: 'provider-quota',
    words: words(
      'insufficientquota insufficientbalance insufficientcredits insufficientfunds billingerror billinghardlimitreached billingnotactive tokenquotareached paymentrequired creditsexhausted quotaexceeded arrearage exceededcurrentquotaerror',
    ),
    text: /insufficient[_ -]?(?:quota|balance|credits?|funds)|credit balance is too low|exceeded your current quota|(?:out of|no|more|used all available|any) credits|billing hard limit|payment required|(?:spend|spending|usage|monthly) (?:limit|cap) (?:has been )?(?:reached|exceeded)|depleted your .*credits/i,
    at: notFailed,
  },
  {
    fault: 'provider-auth',
    words: words(
      'authenticationerror invalidapikey invalidauthentication unauthenticated unauthorized apikeyinvalid unrecognizedclientexception expiredtokenexception invalidsignatureexception accesstokenexpired',
    ),
    text: /(?:incorrect|invalid|missing|no) api[ -]?key|api[ -]?key (?:not valid|is invalid|expired|not found)|invalid api token|incorrect authentication token|security token included in the request is invalid|unable to locate credentials|authorization denied for|invalid private key/i,
    at: (status) => notFailed(status) && notLimited(status),
  },
  {
    fault: 'provider-denied',
    words: words('permissionerror permissiondenied permissiondeniederror accessdeniedexception accessdenied forbidden'),
  },
  {
    fault: 'provider-not-found',
    words: words(
      'modelnotfound deploymentnotfound notfounderror notfound resourcenotfoundexception modelnotavailable modelnotexist invalidmodel modeldecommissioned',
    ),
    text: /(?:model|deployment).{0,120}(?:does not exist|not found|is not a valid model)|no such model|model not exist|unknown model/i,
    at: (status) => notFailed(status) && notLimited(status),
  },
  {
    fault: 'provider-overloaded',
    words: words(
      'overloadederror overloaded unavailable serviceunavailable serviceunavailableexception modelnotreadyexception serveroverloaded engineoverloaded engineoverloadederror capacityexceeded',
    ),
    text: /\boverloaded\b|temporarily (?:out of capacity|unavailable)|over capacity|at capacity/i,
    at: (status) => status < 400 || status >= 500 || status === 429,
  },
  {
    fault: 'provider-limit',
    words: words(
      'ratelimiterror ratelimitexceeded ratelimitreached ratelimited throttlingexception throttled toomanyrequests tokenslimit requestslimit servicequotaexceededexception',
    ),
    text: /\brate[\s_-]*limit|too many requests|was throttled|service tier capacity exceeded|quota exceeded for|resource (?:has been )?exhausted/i,
    at: notFailed,
  },
  {
    fault: 'provider-timeout',
    words: words('timeout timeouterror requesttimeout deadlineexceeded modeltimeoutexception gatewaytimeout'),
    text: /request time(?:d )?out|timed out generating response|read operation timed out|read timed out|a timeout occurred/i,
    at: notRefused,
  },
]

const byStatus: Readonly<Record<number, FaultCode>> = {
  401: 'provider-auth',
  402: 'provider-quota',
  403: 'provider-denied',
  404: 'provider-not-found',
  408: 'provider-timeout',
  429: 'provider-limit',
  503: 'provider-overloaded',
  504: 'provider-timeout',
  522: 'provider-timeout',
  524: 'provider-timeout',
  529: 'provider-overloaded',
}

const refusals: ReadonlySet<string> = words(
  'invalidrequesterror badrequesterror badrequest invalidargument validationexception validationerror failedprecondition unprocessableentity',
)

function plain(word: string | undefined): string {
  return (word ?? '').toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** An error told in a body of status 200 often has the real status as its code. */
function statusOf({ status, code }: { status: number; code?: string }): number {
  if (status >= 400) return status
  const told = Number(code)
  return told >= 400 && told < 600 ? told : status
}

/**
 * Names a provider's failure by its code, type and wording, else by its status. A status below 400 (or 0) says that the error came
 * inside a body or a stream that had begun well.
 */
export function recognise(seen: { status: number; type?: string; code?: string; message: string }): FaultCode {
  const status = statusOf(seen)
  const named = [plain(seen.code), plain(seen.type)]
  const rule = rules.find(
    ({ words, text, at }) =>
      named.some((word) => words?.has(word)) || (text?.test(seen.message) && (at?.(status) ?? true)),
  )
  if (rule) return rule.fault
  const known = byStatus[status]
  if (known !== undefined) return known
  const refused = status >= 400 ? status < 500 : named.some((word) => refusals.has(word))
  return refused ? 'provider-refused' : 'provider-failed'
}

/**
 * Milliseconds to wait, as the provider says: `retry-after-ms`, `retry-after` (seconds or an HTTP date), else the reset time of
 * the limits that are spent (https://platform.openai.com/docs/guides/rate-limits, https://docs.anthropic.com/en/api/rate-limits).
 */
export function retryAfterMs(headers: Headers, now: number = Date.now()): number | undefined {
  const exact = numeric(headers.get('retry-after-ms'))
  if (exact !== undefined) return Math.max(0, Math.round(exact))
  const after = headers.get('retry-after')
  if (after !== null) {
    const seconds = numeric(after)
    const wait = seconds === undefined ? Date.parse(after) - now : seconds * 1000
    if (Number.isFinite(wait)) return Math.max(0, Math.round(wait))
  }
  return spentLimitsMs(headers, now)
}

function numeric(text: string | null): number | undefined {
  return text !== null && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined
}

const limits: readonly { readonly remaining: string; readonly reset: string }[] = [
  ...['requests', 'tokens'].map((what) => ({
    remaining: `x-ratelimit-remaining-${what}`,
    reset: `x-ratelimit-reset-${what}`,
  })),
  ...['requests', 'tokens', 'input-tokens', 'output-tokens'].map((what) => ({
    remaining: `anthropic-ratelimit-${what}-remaining`,
    reset: `anthropic-ratelimit-${what}-reset`,
  })),
]

/** A limit counts only when nothing remains of it: the reset of one that was not met says nothing about the wait. */
function spentLimitsMs(headers: Headers, now: number): number | undefined {
  let wait: number | undefined
  for (const { remaining, reset } of limits) {
    const text = headers.get(reset)
    if (text === null || numeric(headers.get(remaining)) !== 0) continue
    const ms = durationMs(text) ?? Date.parse(text) - now
    if (Number.isFinite(ms)) wait = Math.max(wait ?? 0, ms)
  }
  return wait === undefined ? undefined : Math.round(wait)
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `6m0s`, `20ms`, `7.66s`; a bare number is seconds. */
export function durationMs(text: string): number | undefined {
  const seconds = numeric(text)
  if (seconds !== undefined) return seconds * 1000
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g))
    sum += Number(amount) * (unitMs[unit ?? ''] ?? 0)
  return sum
}
