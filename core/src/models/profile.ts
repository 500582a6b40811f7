/** What a model can do and how it wants to be asked. Every field may be absent: then nothing is known and nothing is refused. */
export interface ModelProfile {
  /** the name that goes on the wire */
  readonly model: string
  /** tokens of context and of answer that the model takes at most */
  readonly contextTokens?: number
  readonly maxOutputTokens?: number
  readonly reads?: readonly ('image' | 'audio' | 'video' | 'pdf')[]
  readonly tools?: boolean
  readonly structuredOutput?: boolean
  /** how thinking is asked for: by word (OpenAI effort), by token budget, by the model itself (Anthropic adaptive), by level (Gemini 3), or not at all */
  readonly thinking?: 'effort' | 'budget' | 'adaptive' | 'level' | 'none'
  /** the efforts it takes, weakest first */
  readonly efforts?: readonly string[]
  /** which field bounds the answer in OpenAI's chat format */
  readonly outputLimitField?: 'max_tokens' | 'max_completion_tokens'
  /** false: temperature, top_p and penalties are refused by the model */
  readonly sampling?: boolean
  /** whether an assistant message may end the request, to be continued */
  readonly prefill?: boolean
  /** the role that OpenAI-format instructions bear, where the vendor takes only one */
  readonly systemRole?: 'system' | 'developer' | 'user'
  /** whether instructions may stand later than at the start (Anthropic `role: system` between turns) */
  readonly laterSystem?: boolean
  /** wire formats that this model answers in, where it does not take all that its provider speaks */
  readonly formats?: readonly string[]
}
