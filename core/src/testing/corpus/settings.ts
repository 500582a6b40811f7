import { answer, conversation, text, user } from './conversation.ts'

const book = {
  type: 'object',
  properties: {
    book_title: { type: 'string' },
    book_year: { type: 'integer' },
    book_tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['book_title', 'book_year', 'book_tags'],
  additionalProperties: false,
} as const

/** Everything that tunes an answer without being part of the talk. */
export const settings = [
  conversation('sampling', [user('Be creative.')], 'Blue noise.', {
    temperature: 0.7,
    topP: 0.9,
    topK: 40,
    frequencyPenalty: 0.2,
    presencePenalty: -0.3,
    seed: 1234,
    maxOutputTokens: 256,
  }),
  conversation('temperature zero', [user('Be exact.')], 'Exactly.', { temperature: 0 }),
  conversation('stop sequences', [user('Count until five.')], answer('1 2 3 4', { finish: { reason: 'stop' } }), {
    stop: ['5', '\n\n', 'END'],
  }),
  conversation('one stop sequence', [user('Stop at X.')], 'abc', { stop: ['X'] }),
  conversation('a bound on the answer', [user('Talk long.')], answer('I shall', { finish: { reason: 'length' } }), {
    maxOutputTokens: 2,
  }),
  conversation('streaming with usage', [user('Stream it.')], 'Streamed.', { stream: true, includeUsage: true }),
  conversation('JSON of any shape', [user('As JSON.')], '{"any":"shape"}', { output: { type: 'json' } }),
  conversation('JSON by a schema', [user('A book.')], '{"book_title":"Emma","book_year":1815,"book_tags":[]}', {
    output: { type: 'json-schema', name: 'book', schema: book },
  }),
  conversation(
    'JSON by a strict schema',
    [user('A described book.')],
    '{"book_title":"Emma","book_year":1815,"book_tags":[]}',
    {
      output: { type: 'json-schema', name: 'book', description: 'A book.', schema: book, strict: true },
    },
  ),
  conversation('plain text asked for', [user('As text.')], 'Text.', { output: { type: 'text' } }),
  conversation(
    'log probabilities',
    [user('Yes or no?')],
    answer('Yes', {
      logprobs: [
        {
          token: 'Yes',
          logprob: -0.25,
          bytes: [89, 101, 115],
          top: [
            { token: 'Yes', logprob: -0.25, bytes: [89, 101, 115] },
            { token: 'No', logprob: -1.5, bytes: [78, 111] },
          ],
        },
      ],
    }),
    { logprobs: 2, home: 'openai-chat' },
  ),
  conversation(
    'two answers',
    [user('Twice.')],
    answer('First.', { choices: [{ index: 1, content: [text('Second.')], finish: { reason: 'length' } }] }),
    { choices: 2, home: 'openai-chat' },
  ),
  conversation('biased tokens', [user('No commas.')], 'None', {
    logitBias: { '11': -100, '30': 5 },
    home: 'openai-chat',
  }),
  conversation('whose call it is', [user('Who am I?')], answer('You.', { serviceTier: 'default' }), {
    user: 'user-marker-12',
    metadata: { team: 'blue', run: '7' },
    safetyId: 'safety-marker-13',
    serviceTier: 'flex',
    store: false,
    promptCache: { key: 'cache-marker-14', retention: '24h' },
  }),
  conversation('an end user', [user('Hello from them.')], 'Hello.', { user: 'user-marker-15' }),
  conversation('verbosity', [user('At length.')], 'At great length.', { verbosity: 'high' }),
  conversation('kept for later', [user('Keep it.')], 'Kept.', { store: true, metadata: { kept: 'yes' } }),
]
