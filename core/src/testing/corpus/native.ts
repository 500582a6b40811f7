import { answer, assistant, conversation, text, user } from './conversation.ts'

/** What one format alone knows: its own fields, parts and answers' extras. */
export const native = [
  conversation(
    'fields of chat alone',
    [user('Predict.')],
    answer('As predicted.', { native: { format: 'openai-chat', fields: { system_fingerprint: 'fp_marker_16' } } }),
    {
      native: { format: 'openai-chat', fields: { prediction: { type: 'content', content: 'As predicted.' } } },
      home: 'openai-chat',
    },
  ),
  conversation('fields of responses alone', [user('Truncate.')], 'Truncated.', {
    native: { format: 'openai-responses', fields: { truncation: 'auto', max_tool_calls: 3 } },
    home: 'openai-responses',
  }),
  conversation('fields of anthropic alone', [user('In the container.')], 'Contained.', {
    native: { format: 'anthropic-messages', fields: { container: 'container_marker_17' } },
    home: 'anthropic-messages',
  }),
  conversation('fields of gemini alone', [user('Safely.')], 'Safe.', {
    native: {
      format: 'gemini',
      fields: {
        cachedContent: 'cachedContents/marker18',
        safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
      },
    },
    home: 'gemini',
  }),
  conversation(
    'a search that anthropic ran',
    [
      user('Search for news.'),
      assistant(
        {
          type: 'native',
          format: 'anthropic-messages',
          value: { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'news' } },
        },
        {
          type: 'native',
          format: 'anthropic-messages',
          value: {
            type: 'web_search_tool_result',
            tool_use_id: 'srvtoolu_1',
            content: [
              {
                type: 'web_search_result',
                url: 'https://news.example/1',
                title: 'News',
                encrypted_content: 'EncMarker19',
              },
            ],
          },
        },
        text('There is news.'),
      ),
      user('More.'),
    ],
    answer(
      [
        {
          type: 'native',
          format: 'anthropic-messages',
          value: { type: 'server_tool_use', id: 'srvtoolu_2', name: 'web_search', input: { query: 'more news' } },
        },
        {
          type: 'native',
          format: 'anthropic-messages',
          value: {
            type: 'web_search_tool_result',
            tool_use_id: 'srvtoolu_2',
            content: [
              {
                type: 'web_search_result',
                url: 'https://news.example/2',
                title: 'More',
                encrypted_content: 'EncMarker20',
              },
            ],
          },
        },
        text('More news.'),
      ],
      { usage: { input: 60, output: 30, calls: { web_search: 1 } } },
    ),
    { home: 'anthropic-messages' },
  ),
  conversation(
    'a search that openai ran',
    [
      user('Search for weather.'),
      assistant(
        {
          type: 'native',
          format: 'openai-responses',
          value: {
            type: 'web_search_call',
            id: 'ws_1',
            status: 'completed',
            action: { type: 'search', query: 'weather marker21' },
          },
        },
        text('It rains.'),
      ),
      user('Where?'),
    ],
    answer(
      [
        {
          type: 'native',
          format: 'openai-responses',
          value: {
            type: 'web_search_call',
            id: 'ws_2',
            status: 'completed',
            action: { type: 'search', query: 'rain where' },
          },
        },
        text('In Bergen.'),
      ],
      { usage: { input: 33, output: 9, calls: { web_search: 1 } } },
    ),
    { home: 'openai-responses' },
  ),
  conversation(
    'code that gemini ran',
    [
      user('Compute 2+2 with code.'),
      assistant(
        {
          type: 'native',
          format: 'gemini',
          value: { executableCode: { language: 'PYTHON', code: 'print(2+2) # marker22' } },
        },
        { type: 'native', format: 'gemini', value: { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '4' } } },
        text('Four.'),
      ),
      user('And 3+3?'),
    ],
    answer([
      { type: 'native', format: 'gemini', value: { executableCode: { language: 'PYTHON', code: 'print(3+3)' } } },
      { type: 'native', format: 'gemini', value: { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '6' } } },
      text('Six.'),
    ]),
    { home: 'gemini' },
  ),
]
