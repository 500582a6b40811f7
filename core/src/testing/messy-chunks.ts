import fc from 'fast-check'
import type { Frame } from '../kernel/framing.ts'
import type { Json, JsonObject } from '../kernel/json.ts'

const content = fc.constantFrom<Json>('Hello', ' you', '', null, '😀', '\n')

const textDelta: fc.Arbitrary<JsonObject> = fc.record(
  { role: fc.constantFrom<Json>('assistant', null, ''), content },
  { requiredKeys: [] },
)
const reasoningDelta: fc.Arbitrary<JsonObject> = fc.oneof(
  content.map((reasoning_content) => ({ reasoning_content })),
  content.map((reasoning) => ({ reasoning, content: '' })),
  fc.constant({ thinking: 'hm' }),
)

/** Fragments of calls: indices that jump or lack, ids that come late, twice, empty or never. */
const fragment: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      index: fc.constantFrom<Json>(0, 0, 1, 2, 5),
      id: fc.constantFrom<Json>('call_a', 'call_b', '', null),
      type: fc.constant<Json>('function'),
      name: fc.constantFrom<Json>('get_weather', '', null),
      arguments: fc.constantFrom<Json>('{"city"', ':"Paris"}', '{}', '', null),
    },
    { requiredKeys: ['arguments'] },
  )
  .map(({ name, arguments: input, ...call }) => ({
    ...call,
    function: { arguments: input, ...(name !== undefined && { name }) },
  }))
const toolDelta: fc.Arbitrary<JsonObject> = fc
  .oneof(fc.array(fragment, { maxLength: 3 }), fc.constant(null))
  .map((tool_calls) => ({ tool_calls }))

const finish = fc.constantFrom<Json>(null, null, null, 'stop', 'tool_calls', 'length', '', 'eos', 'content_filter')

const choice: fc.Arbitrary<JsonObject> = fc.record(
  {
    index: fc.constantFrom<Json>(0, 0, 0, 1),
    delta: fc.oneof(
      { weight: 3, arbitrary: textDelta },
      { weight: 3, arbitrary: toolDelta },
      reasoningDelta,
      fc.constant({}),
    ),
    finish_reason: finish,
  },
  { requiredKeys: ['delta'] },
)

const usage: fc.Arbitrary<Json> = fc.constantFrom<Json>(
  null,
  { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
  { prompt_tokens: 5 },
  {},
)

const chunk: fc.Arbitrary<JsonObject> = fc.record(
  {
    id: fc.constantFrom<Json>('chunk-1', 'chunk-2', '', null),
    object: fc.constantFrom<Json>('chat.completion.chunk', 'chat.completion', ''),
    created: fc.constantFrom<Json>(1_750_000_000, 0, 1_750_000_001.5, null),
    model: fc.constantFrom<Json>('some-model', 'other-model', null),
    choices: fc.oneof(
      { weight: 6, arbitrary: fc.array(choice, { minLength: 1, maxLength: 2 }) },
      fc.constantFrom<Json>([], null),
    ),
    usage,
  },
  { requiredKeys: [] },
)

/** Chunk sequences as look-alikes of OpenAI's chat API send them: empty choices, usage alone, missing ids, odd indices. */
export function messyOpenaiChunks(): fc.Arbitrary<Frame[]> {
  const ends = fc.constantFrom<readonly Frame[]>([{ data: '[DONE]' }], [], [{ data: '[DONE]' }, { data: '[DONE]' }])
  return fc
    .tuple(fc.array(chunk, { maxLength: 14 }), ends)
    .map(([chunks, end]) => [...chunks.map((value) => ({ data: JSON.stringify(value) })), ...end])
}
