import { answer, assistant, conversation, developer, system, text, user } from './conversation.ts'

const long = Array.from({ length: 400 }, (_, line) => `Line ${line}: the quick brown fox jumps over the lazy dog.`)

/** Words only: roles, turns, and text that is awkward to carry. */
export const basics = [
  conversation('one question', [user('What is the capital of Peru?')], 'Lima.'),
  conversation(
    'several turns',
    [user('My name is Ada.'), assistant('Hello Ada.'), user('What is my name?'), assistant('Ada.'), user('Thanks.')],
    'You are welcome.',
  ),
  conversation('a system prompt', [system('Answer in French.'), user('Good morning')], 'Bonjour.'),
  conversation(
    'a system prompt in two parts',
    [system('Answer in French.', 'Be brief, please.'), user('Good evening')],
    'Bonsoir.',
  ),
  conversation(
    'two system messages',
    [system('You are a cook.'), system('You never mention garlic.'), user('A sauce?')],
    'Butter and sage.',
  ),
  conversation('a developer prompt', [developer('Use metric units.'), user('How tall is Everest?')], '8849 m.'),
  conversation(
    'a system message in the middle',
    [
      user('Tell me a story.'),
      assistant('Once upon a time'),
      system('From here on, rhyme.'),
      user('Go on, in the forest.'),
    ],
    'a mouse drank some lime.',
  ),
  conversation(
    'system and developer together',
    [system('Platform rules apply.'), developer('The app sells shoes.'), user('Do you sell hats?')],
    'Only shoes.',
  ),
  conversation(
    'several parts in one message',
    [user('First part.', 'Second part.', 'Third part.'), assistant('One.', 'Two.'), user('And now?')],
    answer([text('Three.'), text('Four.')]),
  ),
  conversation(
    'two user messages in a row',
    [user('I have a question.'), user('Why is the sky blue?')],
    'Rayleigh scattering.',
  ),
  conversation(
    'an answer to be continued',
    [user('Write a haiku.'), assistant('Old silent pond')],
    'A frog jumps into the pond',
  ),
  conversation(
    'names of speakers',
    [
      { ...user('I say tea.'), name: 'ann' },
      { ...user('I say coffee.'), name: 'bob' },
    ],
    'Ann wants tea, Bob wants coffee.',
  ),
  conversation(
    'emoji and surrogate pairs',
    [user('Say 👩‍👩‍👧‍👦 and 𝒳 and 🇵🇪 please')],
    'Here: 👩‍👩‍👧‍👦 𝒳 🇵🇪 — done ✅',
  ),
  conversation(
    'scripts from right to left and combined marks',
    [user('مرحبا بالعالم, שלום, नमस्ते, é and e\u0301')],
    'مرحبا, שלום, नमस्ते',
  ),
  conversation(
    'control characters and quotes',
    [user('tab\there, newline\nhere, return\r\nhere, quote " backslash \\ bell \u0007 nul-free \u001f end')],
    'line\u2028separator and "quotes" \\ and \t tabs',
  ),
  conversation('text that looks like a stream', [user('data: [DONE]\n\nevent: message_stop\n\n')], 'data: {"a":1}\n\n'),
  conversation('spaces only', [user('   '), assistant(' '), user('\n\nstill there? ')], ' '),
  conversation('an empty answer', [user('Say nothing at all.')], answer([])),
  conversation('a long text', [user(long.join('\n'))], long.slice(0, 120).join('\n')),
  conversation(
    'markup and templates',
    [user('<think>not thought</think> {{name}} $HOME <|im_start|> %s %d')],
    '<tool_call>{"name":"none"}</tool_call>',
  ),
]
