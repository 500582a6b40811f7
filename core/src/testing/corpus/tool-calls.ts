import { answer, assistant, call, conversation, media, result, system, text, user } from './conversation.ts'

const weather = {
  type: 'function',
  name: 'get_weather',
  description: 'Current weather of a city.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', description: 'The city.' }, unit: { type: 'string', enum: ['C', 'F'] } },
    required: ['city'],
    additionalProperties: false,
  },
} as const
const clock = {
  type: 'function',
  name: 'get_time',
  parameters: { type: 'object', properties: { zone: { type: 'string' } } },
} as const

/** Calls of tools and what comes back. */
export const toolCalls = [
  conversation('a first call', [user('Weather in Lima?')], answer([call('call_1', 'get_weather', '{"city":"Lima"}')]), {
    tools: [weather],
  }),
  conversation(
    'text before a call',
    [user('Weather in Oslo?')],
    answer([text('Let me look.'), call('call_2', 'get_weather', '{"city":"Oslo","unit":"C"}')]),
    { tools: [weather] },
  ),
  conversation(
    'parallel calls',
    [user('Weather and time in Rome?')],
    answer([
      call('call_3', 'get_weather', '{"city":"Rome"}'),
      call('call_4', 'get_time', '{"zone":"Europe/Rome"}'),
      call('call_5', 'get_weather', '{"city":"Roma"}'),
    ]),
    { tools: [weather, clock], parallelTools: true },
  ),
  conversation(
    'a result as text',
    [
      user('Weather in Bern?'),
      assistant(call('call_6', 'get_weather', '{"city":"Bern"}')),
      result('call_6', 'Sunny, 21 C', { name: 'get_weather' }),
    ],
    'It is sunny in Bern.',
    { tools: [weather] },
  ),
  conversation(
    'a result as JSON',
    [
      user('Weather in Bonn?'),
      assistant('One moment.', call('call_7', 'get_weather', '{"city":"Bonn"}')),
      result('call_7', '{"sky":"grey","celsius":14}', { name: 'get_weather' }),
    ],
    'Grey, 14 degrees.',
    { tools: [weather] },
  ),
  conversation(
    'results of parallel calls',
    [
      system('Be brief.'),
      user('Weather in Kyiv and Riga?'),
      assistant(call('call_8', 'get_weather', '{"city":"Kyiv"}'), call('call_9', 'get_weather', '{"city":"Riga"}')),
      result('call_8', 'Rain', { name: 'get_weather' }),
      result('call_9', 'Snow', { name: 'get_weather' }),
    ],
    'Rain and snow.',
    { tools: [weather] },
  ),
  conversation(
    'a result that is an error',
    [
      user('Weather in Atlantis?'),
      assistant(call('call_10', 'get_weather', '{"city":"Atlantis"}')),
      result('call_10', 'No such city', { name: 'get_weather', isError: true }),
    ],
    'I cannot find it.',
    { tools: [weather] },
  ),
  conversation(
    'an empty result',
    [
      user('Do it.'),
      assistant(call('call_11', 'get_time', '{}')),
      result('call_11', '', { name: 'get_time' }),
      user('And?'),
    ],
    'Nothing came back.',
    { tools: [clock] },
  ),
  conversation(
    'a result in several parts',
    [
      user('Report.'),
      assistant(call('call_12', 'get_time', '{"zone":"UTC"}')),
      result('call_12', [text('It is noon.'), text('Bells ring.')], { name: 'get_time' }),
    ],
    'Noon, with bells.',
    { tools: [clock] },
  ),
  conversation(
    'a user speaks along with the result',
    [
      user('Time?'),
      assistant(call('call_13', 'get_time', '{}')),
      result('call_13', '12:00', { name: 'get_time' }),
      user('In words, please.'),
    ],
    'Noon.',
    { tools: [clock] },
  ),
  conversation(
    'history of calls without tools',
    [
      user('Weather in Nice?'),
      assistant(call('call_14', 'get_weather', '{"city":"Nice"}')),
      result('call_14', 'Warm', { name: 'get_weather' }),
      assistant('It is warm.'),
      user('Thank you.'),
    ],
    'My pleasure.',
  ),
  conversation('a call without arguments', [user('What time is it?')], answer([call('call_15', 'get_time', '{}')]), {
    tools: [{ type: 'function', name: 'get_time' }],
  }),
  conversation(
    'nested arguments with unicode',
    [user('File it.')],
    answer([
      call(
        'call_16',
        'file_report',
        '{"title":"Ünïcödé \\"quoted\\" 😀","rows":[{"n":1.5,"ok":true,"none":null},[[]]],"deep":{"a":{"b":{"c":"\\n"}}}}',
      ),
    ]),
    { tools: [{ type: 'function', name: 'file_report', parameters: { type: 'object', additionalProperties: true } }] },
  ),
  conversation(
    'several rounds of calls',
    [
      user('Plan my day in Paris.'),
      assistant(call('call_17', 'get_weather', '{"city":"Paris"}')),
      result('call_17', 'Clear', { name: 'get_weather' }),
      assistant('Clear sky.', call('call_18', 'get_time', '{"zone":"Europe/Paris"}')),
      result('call_18', '08:00', { name: 'get_time' }),
    ],
    answer([text('It is eight.'), call('call_19', 'get_weather', '{"city":"Versailles"}')]),
    { tools: [weather, clock] },
  ),
  conversation(
    'a custom tool is called',
    [
      user('Run it.'),
      assistant(call('call_20', 'run_python', 'print("a")\nprint("b")', { kind: 'custom' })),
      result('call_20', 'a\nb', { kind: 'custom' }),
      user('Again.'),
    ],
    answer([call('call_21', 'run_python', 'print("c")', { kind: 'custom' })]),
    { tools: [{ type: 'custom', name: 'run_python', description: 'Runs Python.' }] },
  ),
  conversation(
    'calls with items of their own in responses',
    [
      user('Weather in Ulm?'),
      assistant(call('call_22', 'get_weather', '{"city":"Ulm"}', { itemId: 'fc_22' })),
      result('call_22', 'Fog'),
    ],
    answer([call('call_23', 'get_weather', '{"city":"Augsburg"}', { itemId: 'fc_23' })]),
    { tools: [weather], home: 'openai-responses' },
  ),
  conversation(
    'a result with an image among text',
    [
      user('Look outside.'),
      assistant(call('call_24', 'get_time', '{}')),
      result(
        'call_24',
        [
          text('At noon:'),
          media('image', { type: 'base64', mediaType: 'image/jpeg', data: 'AAAAjpegmarkerwindowAAAA' }),
          text('from the window'),
        ],
        { name: 'get_time' },
      ),
    ],
    'A garden.',
    { tools: [clock] },
  ),
]
