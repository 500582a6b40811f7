import { answer, assistant, call, conversation, result, system, text, user } from './conversation.ts'

const lookup = {
  type: 'function',
  name: 'lookup_entry',
  description: 'Looks an entry up.',
  parameters: { type: 'object', properties: { key: { type: 'string' } }, required: ['key'] },
} as const

/** Prompt-cache breakpoints everywhere they may stand. */
export const caching = [
  conversation(
    'a cached system prompt',
    [system(text('A very long handbook.', { cache: { ttl: '5m' } })), user('Page 3?')],
    answer('It is about tea.', { usage: { fresh: 5, cacheWrite5m: 900, output: 6 } }),
    { home: 'anthropic-messages' },
  ),
  conversation(
    'a system prompt cached for an hour',
    [system('Rules.', text('More rules.', { cache: { ttl: '1h' } })), user('Rule 1?')],
    answer('Be kind.', { usage: { fresh: 5, cacheWrite1h: 1200, output: 4 } }),
    { home: 'anthropic-messages' },
  ),
  conversation(
    'a cached user part',
    [user(text('A long essay about rivers.', { cache: {} }), 'What is it about?')],
    answer('Rivers.', { usage: { fresh: 9, cacheRead: 700, output: 3 } }),
  ),
  conversation(
    'a cached tool and a cached result',
    [
      user('Look up alpha.'),
      assistant(call('call_c1', 'lookup_entry', '{"key":"alpha"}', { cache: { ttl: '5m' } })),
      result('call_c1', 'alpha is first', { cache: { ttl: '5m' } }),
      user('Now explain.'),
    ],
    'Alpha comes first.',
    { tools: [{ ...lookup, cache: { ttl: '1h' } }] },
  ),
  conversation(
    'a cached part inside a result',
    [
      user('Look up beta.'),
      assistant(call('call_c2', 'lookup_entry', '{"key":"beta"}')),
      result('call_c2', [text('beta is second'), text('and long', { cache: {} })]),
    ],
    'Beta comes second.',
    { tools: [lookup] },
  ),
  conversation(
    'a cached turn of the assistant',
    [user('Count.'), assistant(text('One, two, three.', { cache: {} })), user('Go on.')],
    'Four, five.',
  ),
]
