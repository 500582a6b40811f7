import { answer, assistant, call, conversation, media, result, system, text, user } from './conversation.ts'

const pdf = 'JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKcorpuspdfmarkercorpus='

/** PDFs, text documents, and where answers cite them. */
export const documents = [
  conversation(
    'a PDF in base64',
    [
      user(
        media('document', { type: 'base64', mediaType: 'application/pdf', data: pdf }, { name: 'report.pdf' }),
        'Summarise.',
      ),
    ],
    'It is a report.',
  ),
  conversation(
    'a PDF by url',
    [
      user(
        media('document', {
          type: 'url',
          url: 'https://docs.example/paper-marker-7.pdf',
          mediaType: 'application/pdf',
        }),
        'Who wrote it?',
      ),
    ],
    'Turing.',
  ),
  conversation(
    'a PDF by file id',
    [user(media('document', { type: 'file', id: 'file-pdf-marker-8' }), 'What year?')],
    '1936.',
  ),
  conversation(
    'a text document with title, context and citations',
    [
      user(
        media(
          'document',
          { type: 'text', mediaType: 'text/plain', text: 'The grass is green. The sky is marker-9 blue.' },
          { name: 'Colours', context: 'A primer for children.', citable: true },
        ),
        'What colour is the sky?',
      ),
    ],
    answer([
      text('The sky is blue.', {
        citations: [
          {
            kind: 'document',
            title: 'Colours',
            citedText: 'The sky is blue.',
            native: {
              format: 'anthropic-messages',
              value: {
                type: 'char_location',
                cited_text: 'The sky is blue.',
                document_index: 0,
                document_title: 'Colours',
                start_char_index: 20,
                end_char_index: 36,
              },
            },
          },
        ],
      }),
    ]),
    { home: 'anthropic-messages' },
  ),
  conversation(
    'a plain text document',
    [
      user(
        media(
          'document',
          { type: 'text', mediaType: 'text/plain', text: 'Meeting notes, marker-10: ship on Friday.' },
          { name: 'notes.txt' },
        ),
        'When do we ship?',
      ),
    ],
    'On Friday.',
  ),
  conversation(
    'two documents and a cache mark',
    [
      system(text('You read contracts.', { cache: { ttl: '1h' } })),
      user(
        media('document', { type: 'base64', mediaType: 'application/pdf', data: `${pdf}first` }, { name: 'first.pdf' }),
        media(
          'document',
          { type: 'base64', mediaType: 'application/pdf', data: `${pdf}second` },
          { name: 'second.pdf', cache: {} },
        ),
        'Do they conflict?',
      ),
    ],
    'In clause four.',
  ),
  conversation(
    'a tool that returns a PDF',
    [
      user('Fetch the invoice.'),
      assistant(call('call_inv', 'fetch_invoice', '{"id":42}')),
      result(
        'call_inv',
        [
          media(
            'document',
            { type: 'base64', mediaType: 'application/pdf', data: `${pdf}invoice` },
            { name: 'invoice.pdf' },
          ),
        ],
        {
          name: 'fetch_invoice',
        },
      ),
      user('What is due?'),
    ],
    '12 euros.',
    {
      tools: [
        {
          type: 'function',
          name: 'fetch_invoice',
          parameters: { type: 'object', properties: { id: { type: 'integer' } } },
        },
      ],
    },
  ),
  conversation(
    'an answer citing pages of the web in chat',
    [user('What happened today?')],
    answer([
      text('A bridge was opened.', {
        citations: [{ kind: 'url', url: 'https://news.example/bridge', title: 'Bridge opens', start: 2, end: 8 }],
      }),
    ]),
    { home: 'openai-chat' },
  ),
  conversation(
    'an answer citing pages of the web in responses',
    [user('What happened yesterday?')],
    answer([
      text('A tunnel was closed.', {
        citations: [{ kind: 'url', url: 'https://news.example/tunnel', title: 'Tunnel closes', start: 0, end: 20 }],
      }),
    ]),
    { home: 'openai-responses' },
  ),
]
