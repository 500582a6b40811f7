import type { ReasoningPart } from '../../vocabulary/parts.ts'
import { answer, assistant, call, conversation, result, text, user } from './conversation.ts'

const thought = (words: string, more: Partial<ReasoningPart> = {}): ReasoningPart => ({
  type: 'reasoning',
  text: words,
  ...more,
})
const tool = {
  type: 'function',
  name: 'measure_it',
  parameters: { type: 'object', properties: { what: { type: 'string' } } },
} as const

/** Thinking: how it is asked for, what is shown of it, what must come back sealed. */
export const reasoning = [
  conversation('effort low', [user('Think little.')], 'Done.', { reasoning: { effort: 'low' }, maxOutputTokens: 4000 }),
  conversation('effort minimal', [user('Think less.')], 'Done.', {
    reasoning: { effort: 'minimal' },
    maxOutputTokens: 4000,
  }),
  conversation('effort high with summary', [user('Think hard.')], 'Done.', {
    reasoning: { effort: 'high', summary: 'auto' },
    maxOutputTokens: 64_000,
  }),
  conversation('a budget', [user('Think for a while.')], 'Done.', {
    reasoning: { mode: 'enabled', budgetTokens: 2048 },
    maxOutputTokens: 8000,
  }),
  conversation('adaptive thinking', [user('Think as you like.')], 'Done.', {
    reasoning: { mode: 'adaptive' },
    maxOutputTokens: 8000,
  }),
  conversation('adaptive thinking with effort', [user('Think as hard as you like.')], 'Done.', {
    reasoning: { mode: 'adaptive', effort: 'medium', summary: 'omitted' },
    maxOutputTokens: 8000,
  }),
  conversation('no thinking', [user('Do not think.')], 'Done.', {
    reasoning: { mode: 'disabled' },
    maxOutputTokens: 800,
  }),
  conversation(
    'signed thought of anthropic',
    [
      user('Measure.'),
      assistant(
        thought('I should measure it first.', {
          opaque: { format: 'anthropic-messages', kind: 'signature', value: 'EqQBCgIYAhIMsig1marker' },
        }),
        text('Measuring.'),
        call('toolu_m1', 'measure_it', '{"what":"length"}'),
      ),
      result('toolu_m1', '12 cm', {}),
    ],
    answer([
      thought('It is 12 cm.', {
        opaque: { format: 'anthropic-messages', kind: 'signature', value: 'EqQBCgIYAhIMsig2marker' },
      }),
      text('Twelve centimetres.'),
    ]),
    {
      tools: [tool],
      reasoning: { mode: 'enabled', budgetTokens: 1024 },
      maxOutputTokens: 4096,
      home: 'anthropic-messages',
    },
  ),
  conversation(
    'redacted thought of anthropic',
    [
      user('Something delicate.'),
      assistant(
        thought('', { opaque: { format: 'anthropic-messages', kind: 'redacted', value: 'EmwKAhgBEgyredacted1' } }),
        text('Well.'),
      ),
      user('Go on.'),
    ],
    answer([
      thought('', { opaque: { format: 'anthropic-messages', kind: 'redacted', value: 'EmwKAhgBEgyredacted2' } }),
      text('So be it.'),
    ]),
    { maxOutputTokens: 4096, reasoning: { mode: 'enabled', budgetTokens: 1024 }, home: 'anthropic-messages' },
  ),
  conversation(
    'encrypted thought of responses',
    [
      user('Prove it.'),
      assistant(
        thought('Try induction.', {
          id: 'rs_1',
          summary: ['Try induction.'],
          opaque: { format: 'openai-responses', kind: 'encrypted', value: 'gAAAAABencrypted1' },
        }),
        call('call_r1', 'measure_it', '{"what":"base case"}'),
      ),
      result('call_r1', 'holds'),
    ],
    answer(
      [
        thought('The base holds.\n\nThe step holds.', {
          id: 'rs_2',
          summary: ['The base holds.', 'The step holds.'],
          opaque: { format: 'openai-responses', kind: 'encrypted', value: 'gAAAAABencrypted2' },
        }),
        text('Proven.'),
      ],
      { usage: { input: 40, output: 90, reasoning: 64 } },
    ),
    { tools: [tool], reasoning: { effort: 'medium', summary: 'detailed' }, home: 'openai-responses' },
  ),
  conversation(
    'a call signed by gemini',
    [
      user('Measure the weight.'),
      assistant(
        call('call_g1', 'measure_it', '{"what":"weight"}', {
          opaque: { format: 'gemini', kind: 'signature', value: 'CvcBAXLI2nsig3marker==' },
        }),
      ),
      result('call_g1', '{"kg":3}', { name: 'measure_it' }),
    ],
    answer(
      [
        thought('Now the height.'),
        call('call_g2', 'measure_it', '{"what":"height"}', {
          opaque: { format: 'gemini', kind: 'signature', value: 'CvcBAXLI2nsig4marker==' },
        }),
      ],
      { usage: { input: 30, output: 25, reasoning: 15 } },
    ),
    { tools: [tool], home: 'gemini' },
  ),
  conversation(
    'open thought in chat',
    [user('Think aloud.')],
    answer([thought('They want more noise.'), text('HMM.')]),
    { home: 'openai-chat' },
  ),
  conversation(
    'thought alone',
    [user('Only think.')],
    answer([thought('Only thinking.')], { finish: { reason: 'length' } }),
    {
      maxOutputTokens: 16,
    },
  ),
]
