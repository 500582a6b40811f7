import { answer, assistant, call, conversation, media, result, text, user } from './conversation.ts'

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk'
const jpeg = '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//corpusjpegcorpusjpegAA=='
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAwavmarkercorpusAAAAAAAAAAAA='
const mp4 = 'AAAAIGZ0eXBpc29tAAACAGlzb21pc28yYXZjMWmp4markercorpusAAAAAA='

/** Images, recordings and films. */
export const mediaTalks = [
  conversation(
    'an image in base64',
    [user('What is this?', media('image', { type: 'base64', mediaType: 'image/png', data: png }))],
    'A single pixel.',
  ),
  conversation(
    'an image by url',
    [user('And this?', media('image', { type: 'url', url: 'https://images.example/cat-marker-1.jpg' }))],
    'A cat.',
  ),
  conversation(
    'an image by file id',
    [user('And this one?', media('image', { type: 'file', id: 'file-image-marker-2' }))],
    'A dog.',
  ),
  conversation(
    'an image at high detail',
    [
      user(
        media('image', { type: 'url', url: 'https://images.example/map-marker-3.png' }, { detail: 'high' }),
        'Read the map.',
      ),
    ],
    'North is up.',
  ),
  conversation(
    'text between images',
    [
      user(
        'Compare:',
        media('image', { type: 'base64', mediaType: 'image/jpeg', data: jpeg }),
        'with',
        media('image', {
          type: 'base64',
          mediaType: 'image/webp',
          data: 'UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==',
        }),
        'Which is larger?',
      ),
    ],
    'The first.',
  ),
  conversation(
    'an image in an earlier turn',
    [
      user(media('image', { type: 'base64', mediaType: 'image/png', data: png }), 'What colour?'),
      assistant('Black.'),
      user('Are you sure?'),
    ],
    'Yes.',
  ),
  conversation(
    'a recording',
    [user('Transcribe.', media('audio', { type: 'base64', mediaType: 'audio/wav', data: wav }))],
    'Hello there.',
  ),
  conversation(
    'a recording by url',
    [
      user(
        'Transcribe this.',
        media('audio', { type: 'url', url: 'https://audio.example/a-marker-4.mp3', mediaType: 'audio/mp3' }),
      ),
    ],
    'Hello again.',
  ),
  conversation(
    'a film',
    [user(media('video', { type: 'base64', mediaType: 'video/mp4', data: mp4 }), 'What happens?')],
    'A door opens.',
  ),
  conversation(
    'a film by url',
    [
      user(
        media('video', { type: 'url', url: 'https://video.example/v-marker-5', mediaType: 'video/mp4' }),
        'Who is it?',
      ),
    ],
    'A baker.',
  ),
  conversation(
    'a tool that returns an image',
    [
      user('Take a screenshot.'),
      assistant(call('call_shot', 'screenshot', '{}')),
      result(
        'call_shot',
        [text('The screen:'), media('image', { type: 'base64', mediaType: 'image/png', data: `${png}shot` })],
        {
          name: 'screenshot',
        },
      ),
    ],
    'I see a desktop.',
    { tools: [{ type: 'function', name: 'screenshot', parameters: { type: 'object', properties: {} } }] },
  ),
  conversation(
    'a tool that returns only an image by url',
    [
      user('Plot it.'),
      assistant(call('call_plot', 'plot', '{"kind":"bar"}')),
      result('call_plot', [media('image', { type: 'url', url: 'https://plots.example/bar-marker-6.png' })], {
        name: 'plot',
      }),
    ],
    'Sales grow.',
    {
      tools: [
        { type: 'function', name: 'plot', parameters: { type: 'object', properties: { kind: { type: 'string' } } } },
      ],
    },
  ),
  conversation(
    'an answer with an image',
    [user('Draw a cat.')],
    answer([text('Here:'), media('image', { type: 'base64', mediaType: 'image/png', data: `${png}drawn` })]),
    { modalities: ['text', 'image'], home: 'gemini' },
  ),
  conversation(
    'an answer that is spoken',
    [user('Say hello aloud.')],
    answer([
      media(
        'audio',
        { type: 'base64', mediaType: 'audio/wav', data: `${wav}said` },
        { transcript: 'Hello aloud!', name: 'audio_abc' },
      ),
    ]),
    { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } },
  ),
]
