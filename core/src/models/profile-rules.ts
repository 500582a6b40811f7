import type { ModelProfile } from './profile.ts'

/** What is known of a family of models. Rules are read top to bottom; what a later one says wins. */
export interface ProfileRule {
  /** tried on the model's own name: lower case, without the vendor's and the region's prefix */
  readonly match: RegExp
  /** true wherever the model is served */
  readonly profile?: Partial<ModelProfile>
  /** true where the vendor's own API is spoken, which a look-alike's dialect may differ from */
  readonly native?: { readonly providers: readonly string[]; readonly profile: Partial<ModelProfile> }
  /** the vendor's page that says so */
  readonly source: string
}

/** The day the rules were last held against their sources. */
export const rulesChecked = '2026-11-22'

const openai = ['openai', 'azure', 'azure_ai']
const anthropic = ['anthropic', 'bedrock', 'bedrock_mantle', 'vertex_ai', 'vertex_ai_beta', 'azure_ai', 'azure']
const google = ['gemini', 'vertex_ai', 'vertex_ai_beta']

const openaiModels = 'https://developers.openai.com/api/docs/models'
const openaiReasoning = 'https://developers.openai.com/api/docs/guides/reasoning'
const claudeModels = 'https://platform.claude.com/docs/en/about-claude/models/overview'
const claudeMigration = 'https://platform.claude.com/docs/en/about-claude/models/migration-guide'
const claudeEffort = 'https://platform.claude.com/docs/en/build-with-claude/effort'
const geminiModels = 'https://ai.google.dev/gemini-api/docs/models'
const geminiThinking = 'https://ai.google.dev/gemini-api/docs/thinking'

/** Providers whose chat API bounds the answer with `max_completion_tokens`; the look-alikes know `max_tokens`. */
export const completionTokenProviders: ReadonlySet<string> = new Set(['openai', 'azure'])

const lowToHigh = ['low', 'medium', 'high']
const plain: Partial<ModelProfile> = { thinking: 'none', structuredOutput: false }
const thinker: Partial<ModelProfile> = {
  thinking: 'effort',
  sampling: false,
  tools: true,
  structuredOutput: true,
  reads: ['image', 'pdf'],
}
const onlyResponses = { native: { providers: openai, profile: { formats: ['openai-responses'] } } }

const openaiChat: readonly ProfileRule[] = [
  {
    match: /^gpt-(3\.5|35)-turbo/,
    profile: { ...plain, tools: true, reads: [], maxOutputTokens: 4096 },
    source: openaiModels,
  },
  {
    match: /^gpt-4(-0|-32k|$)/,
    profile: { ...plain, tools: true, reads: [], maxOutputTokens: 8192 },
    source: openaiModels,
  },
  {
    match: /^gpt-4-(turbo|1106|0125)/,
    profile: { ...plain, tools: true, maxOutputTokens: 4096 },
    source: openaiModels,
  },
  {
    match: /^(gpt-4o|chatgpt-4o)/,
    profile: {
      thinking: 'none',
      structuredOutput: true,
      tools: true,
      reads: ['image', 'pdf'],
      maxOutputTokens: 16_384,
    },
    source: openaiModels,
  },
  {
    match: /^gpt-4o-2024-05-13/,
    profile: { structuredOutput: false, maxOutputTokens: 4096 },
    source: openaiModels,
  },
  {
    match: /^(gpt-4o(-mini)?-audio|gpt-audio)/,
    profile: { thinking: 'none', structuredOutput: false, reads: ['audio'] },
    source: openaiModels,
  },
  {
    match: /^gpt-4o(-mini)?-search/,
    profile: { tools: false, sampling: false, reads: [] },
    source: openaiModels,
  },
  {
    match: /^gpt-4\.1/,
    profile: {
      thinking: 'none',
      structuredOutput: true,
      tools: true,
      reads: ['image', 'pdf'],
      maxOutputTokens: 32_768,
    },
    source: openaiModels,
  },
  {
    match: /^gpt-4\.5/,
    profile: { thinking: 'none', structuredOutput: true, tools: true, reads: ['image'], maxOutputTokens: 16_384 },
    source: openaiModels,
  },
  {
    match: /^gpt-oss/,
    profile: { thinking: 'effort', efforts: lowToHigh, tools: true, reads: [] },
    source: 'https://github.com/openai/gpt-oss',
  },
]

const openaiThinkers: readonly ProfileRule[] = [
  {
    match: /^o[134](-|$)/,
    profile: { ...thinker, efforts: lowToHigh, maxOutputTokens: 100_000 },
    source: openaiReasoning,
  },
  // the first two take no effort, no tools and no instructions but the user's
  {
    match: /^o1-(mini|preview)/,
    profile: { thinking: 'none', tools: false, structuredOutput: false, reads: [], systemRole: 'user', efforts: [] },
    source: openaiReasoning,
  },
  { match: /^o1-mini/, profile: { maxOutputTokens: 65_536 }, source: openaiModels },
  { match: /^o1-preview/, profile: { maxOutputTokens: 32_768 }, source: openaiModels },
  { match: /^o3-mini/, profile: { reads: [] }, source: openaiModels },
  { match: /^(o1-pro|o3-pro|codex-mini|computer-use)/, ...onlyResponses, source: openaiModels },
  { match: /deep-research/, profile: { efforts: ['medium'] }, ...onlyResponses, source: openaiModels },
  {
    match: /^codex-mini/,
    profile: { ...thinker, efforts: lowToHigh, maxOutputTokens: 100_000 },
    source: openaiModels,
  },
]

const gpt5: readonly ProfileRule[] = [
  {
    match: /^gpt-5(-|$)/,
    profile: { ...thinker, efforts: ['minimal', ...lowToHigh], maxOutputTokens: 128_000 },
    source: openaiReasoning,
  },
  // from 5.1 on sampling goes with effort `none`: whether it is refused is the request's matter, not the model's
  {
    match: /^gpt-5[.-]\d(-|$)/,
    profile: {
      thinking: 'effort',
      tools: true,
      structuredOutput: true,
      reads: ['image', 'pdf'],
      maxOutputTokens: 128_000,
    },
    source: openaiReasoning,
  },
  { match: /^gpt-5[.-]1(-|$)/, profile: { efforts: ['none', ...lowToHigh] }, source: openaiReasoning },
  {
    match: /^gpt-5[.-][2-5](-|$)/,
    profile: { efforts: ['none', ...lowToHigh, 'xhigh'] },
    source: openaiReasoning,
  },
  {
    match: /^gpt-5[.-]6(-|$)/,
    profile: { efforts: ['none', ...lowToHigh, 'xhigh', 'max'] },
    source: openaiReasoning,
  },
  {
    match: /^gpt-5([.-]\d)?-codex/,
    profile: { efforts: lowToHigh, sampling: false },
    ...onlyResponses,
    source: openaiModels,
  },
  {
    match: /^gpt-5[.-](1-codex-max|[2-5]-codex)/,
    profile: { efforts: [...lowToHigh, 'xhigh'] },
    source: openaiModels,
  },
  {
    match: /^gpt-5([.-]\d)?-pro/,
    profile: { efforts: ['medium', 'high', 'xhigh'], sampling: false },
    ...onlyResponses,
    source: openaiModels,
  },
  { match: /^gpt-5-pro/, profile: { efforts: ['high'], maxOutputTokens: 272_000 }, source: openaiModels },
]

const gpt6: readonly ProfileRule[] = [
  {
    match: /^gpt-6/,
    profile: {
      thinking: 'effort',
      tools: true,
      structuredOutput: true,
      reads: ['image', 'pdf'],
      efforts: ['none', ...lowToHigh, 'xhigh', 'max'],
      maxOutputTokens: 128_000,
    },
    source: 'https://developers.openai.com/api/docs/models/gpt-6-sol',
  },
  // thinking cannot be turned off, and tools are called through Responses only
  {
    match: /^gpt-6\.[1-9]/,
    profile: { efforts: [...lowToHigh, 'xhigh', 'max'], sampling: false },
    ...onlyResponses,
    source: 'https://developers.openai.com/api/docs/models/gpt-6.1-sol',
  },
]

/** ChatGPT's own models: no effort to choose but the one that each has. */
const gptChat: readonly ProfileRule[] = [
  {
    match: /^gpt-5[\d.-]*-chat/,
    profile: { efforts: ['medium'], maxOutputTokens: 16_384 },
    source: openaiModels,
  },
  {
    match: /^gpt-5-chat/,
    profile: { thinking: 'none', sampling: true, tools: false, efforts: [] },
    source: openaiModels,
  },
]

const budget = { native: { providers: anthropic, profile: { thinking: 'budget' as const } } }
const adaptive = { native: { providers: anthropic, profile: { thinking: 'adaptive' as const } } }
const noThinking = { native: { providers: anthropic, profile: { thinking: 'none' as const } } }
const claudeEfforts = [...lowToHigh, 'xhigh', 'max']

const claude: readonly ProfileRule[] = [
  {
    match: /^claude/,
    profile: { tools: true, prefill: true, structuredOutput: false, reads: ['image', 'pdf'] },
    source: claudeModels,
  },
  {
    match: /^claude-(v?[12]|instant)(-|:|$)/,
    profile: { tools: false, reads: [], maxOutputTokens: 4096 },
    ...noThinking,
    source: claudeModels,
  },
  {
    match: /^claude-3-(opus|sonnet|haiku)/,
    profile: { reads: ['image'], maxOutputTokens: 4096 },
    ...noThinking,
    source: claudeModels,
  },
  { match: /^claude-3-5-/, profile: { maxOutputTokens: 8192 }, ...noThinking, source: claudeModels },
  {
    match: /^claude-(3-7-sonnet|sonnet-3-7)/,
    profile: { maxOutputTokens: 64_000 },
    ...budget,
    source: claudeModels,
  },
  {
    match: /^claude-(sonnet-4|4-sonnet)/,
    profile: { maxOutputTokens: 64_000 },
    ...budget,
    source: claudeModels,
  },
  { match: /^claude-(opus-4|4-opus)/, profile: { maxOutputTokens: 32_000 }, ...budget, source: claudeModels },
  { match: /^claude-(opus-4-1|4-1-opus)/, profile: { structuredOutput: true }, source: claudeModels },
  {
    match: /^claude-((opus|sonnet|haiku)-4-5|4-5-)/,
    profile: { structuredOutput: true, maxOutputTokens: 64_000 },
    ...budget,
    source: claudeModels,
  },
  { match: /^claude-(opus-4-5|4-5-opus)/, profile: { efforts: lowToHigh }, source: claudeEffort },
  // an answer begun by the caller is refused from 4.6 on
  {
    match: /^claude-((opus|sonnet)-4-[6-9]|4-[6-9]-)/,
    profile: { structuredOutput: true, prefill: false, efforts: [...lowToHigh, 'max'], maxOutputTokens: 64_000 },
    ...adaptive,
    source: claudeMigration,
  },
  {
    match: /^claude-(opus-4-[6-9]|4-[6-9]-opus)/,
    profile: { maxOutputTokens: 128_000 },
    source: claudeModels,
  },
  // sampling and thinking budgets are refused from Opus 4.7 on
  {
    match: /^claude-(opus-4-[7-9]|4-[7-9]-opus)/,
    profile: { sampling: false, efforts: claudeEfforts },
    source: claudeMigration,
  },
  {
    match: /^claude-((opus|sonnet|haiku|fable|mythos)-[5-9]|[5-9]-|mythos-preview)/,
    profile: {
      structuredOutput: true,
      prefill: false,
      sampling: false,
      efforts: claudeEfforts,
      maxOutputTokens: 128_000,
    },
    ...adaptive,
    source: claudeMigration,
  },
  {
    match: /^claude-((opus-4-8|4-8-opus)|(opus|sonnet|haiku|fable|mythos)-[5-9]|[5-9]-)/,
    profile: { laterSystem: true },
    source: 'https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages',
  },
]

const level = { native: { providers: google, profile: { thinking: 'level' as const } } }
const tokens = { native: { providers: google, profile: { thinking: 'budget' as const } } }
const without = { native: { providers: google, profile: { thinking: 'none' as const } } }

const gemini: readonly ProfileRule[] = [
  {
    match: /^gemini/,
    profile: { tools: true, structuredOutput: true, reads: ['image', 'audio', 'video', 'pdf'] },
    source: geminiModels,
  },
  {
    match: /^gemini-(1|2\.0|pro|flash-1|pro-1)/,
    profile: { maxOutputTokens: 8192 },
    ...without,
    source: geminiModels,
  },
  { match: /^gemini-2\.5/, profile: { maxOutputTokens: 65_536 }, ...tokens, source: geminiThinking },
  {
    match: /^gemini-([3-9]|flash-latest|flash-lite-latest)/,
    profile: { maxOutputTokens: 65_536, efforts: ['minimal', ...lowToHigh] },
    ...level,
    source: geminiThinking,
  },
  { match: /^gemini-[3-9][\d.]*-pro/, profile: { efforts: lowToHigh }, source: geminiThinking },
  { match: /^gemini-3-pro/, profile: { efforts: ['low', 'high'] }, source: geminiThinking },
  {
    match: /^gemini-2\.5.*(-image|-tts)/,
    profile: { tools: false, structuredOutput: false },
    ...without,
    source: geminiModels,
  },
  { match: /^gemini-2\.5.*-image/, profile: { maxOutputTokens: 32_768 }, source: geminiModels },
  { match: /^gemma/, profile: { tools: false }, ...without, source: geminiModels },
]

const others: readonly ProfileRule[] = [
  {
    match: /^grok-3-mini/,
    profile: { thinking: 'effort', efforts: ['low', 'high'] },
    source: 'https://docs.x.ai/docs/guides/reasoning',
  },
  {
    match: /^grok-3(-fast)?(-beta|-latest|$)/,
    profile: { thinking: 'none' },
    source: 'https://docs.x.ai/docs/guides/reasoning',
  },
  {
    match: /^deepseek-(v4|flash)/,
    profile: { maxOutputTokens: 384_000 },
    source: 'https://api-docs.deepseek.com/quick_start/pricing',
  },
]

export const profileRules: readonly ProfileRule[] = [
  ...openaiChat,
  ...openaiThinkers,
  ...gpt5,
  ...gpt6,
  ...gptChat,
  ...claude,
  ...gemini,
  ...others,
]
