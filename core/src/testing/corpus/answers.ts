import type { FinishReason } from '../../vocabulary/chat-response.ts'
import type { FormatId } from '../../vocabulary/format-id.ts'
import type { UsageParts } from '../../vocabulary/usage.ts'
import { answer, assistant, call, conversation, text, user } from './conversation.ts'

const ending = (home: FormatId, reason: FinishReason, raw: string) =>
  conversation(`${home} ends: ${raw}`, [user(`End with ${raw}.`)], answer('The end', { finish: { reason, raw } }), {
    home,
  })

const calling = (home: FormatId, raw: string) =>
  conversation(
    `${home} ends in a call: ${raw}`,
    [user('Ring the bell.')],
    answer([call('call_bell', 'ring_bell', '{"times":2}')], { finish: { reason: 'tool-calls', raw } }),
    { tools: [{ type: 'function', name: 'ring_bell' }], home },
  )

const using = (name: string, usage: UsageParts, home: FormatId) =>
  conversation(`usage: ${name}`, [user(`Use ${name}.`)], answer('Used.', { usage }), { home })

/** Ways to end, refusals, and what is counted. */
export const answers = [
  ending('openai-chat', 'stop', 'stop'),
  ending('openai-chat', 'length', 'length'),
  ending('openai-chat', 'content-filter', 'content_filter'),
  ending('anthropic-messages', 'stop', 'end_turn'),
  ending('anthropic-messages', 'length', 'max_tokens'),
  ending('anthropic-messages', 'refusal', 'refusal'),
  ending('anthropic-messages', 'pause', 'pause_turn'),
  ending('anthropic-messages', 'context-length', 'model_context_window_exceeded'),
  ending('gemini', 'stop', 'STOP'),
  ending('gemini', 'length', 'MAX_TOKENS'),
  ending('gemini', 'content-filter', 'SAFETY'),
  ending('gemini', 'content-filter', 'RECITATION'),
  ending('gemini', 'content-filter', 'PROHIBITED_CONTENT'),
  ending('gemini', 'error', 'MALFORMED_FUNCTION_CALL'),
  ending('gemini', 'other', 'OTHER'),
  ending('openai-responses', 'stop', 'completed'),
  ending('openai-responses', 'length', 'max_output_tokens'),
  ending('openai-responses', 'content-filter', 'content_filter'),
  calling('openai-chat', 'tool_calls'),
  calling('openai-responses', 'completed'),
  calling('anthropic-messages', 'tool_use'),
  calling('gemini', 'STOP'),
  conversation(
    'anthropic ends at a stop sequence',
    [user('Stop at END.')],
    answer('Before', { finish: { reason: 'stop-sequence', raw: 'stop_sequence', sequence: 'END' } }),
    { stop: ['END'], home: 'anthropic-messages' },
  ),
  conversation(
    'a refusal in chat',
    [user('Something bad.'), assistant({ type: 'refusal', text: 'No, sorry.' }), user('Please.')],
    answer([{ type: 'refusal', text: 'I cannot help with that.' }]),
    { home: 'openai-chat' },
  ),
  conversation(
    'a refusal in responses',
    [user('Something worse.')],
    answer([{ type: 'refusal', text: 'I must decline.' }]),
    {
      home: 'openai-responses',
    },
  ),
  conversation(
    'text and then a refusal',
    [user('Half and half.')],
    answer([text('This much I can say.'), { type: 'refusal', text: 'But no more.' }]),
  ),
  using(
    'cache, reasoning and audio in chat',
    { input: 1000, cacheRead: 300, audioIn: 50, output: 200, reasoning: 120, audioOut: 30 },
    'openai-chat',
  ),
  using(
    'cache and reasoning in responses',
    { input: 1000, cacheRead: 640, output: 200, reasoning: 128 },
    'openai-responses',
  ),
  using(
    'both caches in anthropic',
    { fresh: 10, cacheRead: 2000, cacheWrite5m: 300, cacheWrite1h: 40, output: 77 },
    'anthropic-messages',
  ),
  using('cache and thoughts in gemini', { input: 500, cacheRead: 200, output: 90, reasoning: 60 }, 'gemini'),
  using('nothing at all', { input: 0, output: 0 }, 'openai-chat'),
]
