import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../../kernel/faults.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { ModelProfile } from '../../../models/profile.ts'
import type { ChatRequest } from '../../../vocabulary/chat-request.ts'
import type { Message } from '../../../vocabulary/messages.ts'
import type { AssistantPart } from '../../../vocabulary/parts.ts'
import fixture from '../fixtures/request.json' with { type: 'json' }
import { callPath, readRequest, writeRequest } from '../request.ts'

const path = { model: 'gemini-2.5-flash', stream: false }
const read = (body: object) => readRequest(body as JsonObject, path).value
const user = (text: string): Message => ({ role: 'user', content: [{ type: 'text', text }] })
const write = (request: Partial<ChatRequest>, profile: Partial<ModelProfile> = {}) =>
  writeRequest({ model: 'm', messages: [user('hi')], ...request }, { model: 'm', ...profile })
const body = (request: Partial<ChatRequest>, profile?: Partial<ModelProfile>) => write(request, profile).value
const warned = (request: Partial<ChatRequest>, profile?: Partial<ModelProfile>) =>
  write(request, profile).warnings.map(({ kind, path }) => `${kind} ${path}`)
const call = (id: string, input = '{}', more: object = {}): AssistantPart => ({
  type: 'tool-call',
  id,
  name: 'look',
  kind: 'function',
  input,
  ...more,
})

function failure(act: () => unknown): GatewayError {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
  }
  throw new Error('it did not fail as expected')
}

describe('writing', () => {
  test('what was read is written and read again the same', () => {
    const first = read(fixture)
    const { value, warnings } = writeRequest(first, { model: 'm' })
    expect(warnings).toEqual([])
    expect(read(value)).toEqual(first)
    expect(value).toMatchObject({ contents: fixture.contents.map(({ role }) => ({ role })) })
  })

  test('leading instructions go apart, later ones are the user’s words', () => {
    const system = (text: string): Message => ({ role: 'system', content: [{ type: 'text', text }] })
    const { value, warnings } = write({ messages: [system('a'), system('b'), user('hi'), system('c')] })
    expect(value).toEqual({
      systemInstruction: { parts: [{ text: 'a' }, { text: 'b' }] },
      contents: [{ role: 'user', parts: [{ text: 'hi' }, { text: 'c' }] }],
    })
    expect(warnings.map(({ path }) => path)).toEqual(['messages', 'messages.3'])
  })

  test('results come in one turn, in the order of the calls, under the names of the calls', () => {
    const messages: Message[] = [
      user('go'),
      { role: 'assistant', content: [call('a'), call('b')] },
      { role: 'tool', callId: 'b', content: [{ type: 'text', text: '[1]' }] },
      { role: 'tool', callId: 'a', content: [{ type: 'text', text: '{"$ref":"#/x","type":"object"}' }] },
      user('and?'),
    ]
    expect((body({ messages }).contents as JsonObject[])[2]).toEqual({
      role: 'user',
      parts: [
        { functionResponse: { id: 'a', name: 'look', response: { $ref: '#/x', type: 'object' } } },
        { functionResponse: { id: 'b', name: 'look', response: { result: '[1]' } } },
        { text: 'and?' },
      ],
    })
  })

  test.each([
    '',
    '{}',
    '{"result":"x"}',
    '{"error":"x"}',
    '[1]',
    '{"id":12345678901234567890}',
    'plain',
    '{"a":{"b":null}}',
  ])('the result %j comes back as it was', (text) => {
    const messages: Message[] = [
      user('go'),
      { role: 'assistant', content: [call('a')] },
      { role: 'tool', callId: 'a', content: [{ type: 'text', text }] },
      { role: 'tool', callId: 'z', name: 'gone', content: [{ type: 'text', text }], isError: true },
    ]
    const { value, warnings } = write({ messages })
    expect(warnings).toEqual([])
    expect(read(value).messages).toEqual(messages)
  })

  test('a picture in a result stays in it for Gemini 3 and follows it for others', () => {
    const picture = {
      type: 'media',
      kind: 'image',
      source: { type: 'base64', mediaType: 'image/png', data: 'AA==' },
    } as const
    const messages: Message[] = [
      user('go'),
      { role: 'assistant', content: [call('a')] },
      { role: 'tool', callId: 'a', content: [{ type: 'text', text: 'see' }, picture] },
    ]
    const inlineData = { mimeType: 'image/png', data: 'AA==' }
    const turn = (profile: Partial<ModelProfile>) => (body({ messages }, profile).contents as JsonObject[])[2]?.parts
    const functionResponse = { id: 'a', name: 'look', response: { result: 'see' } }
    expect(turn({ thinking: 'level' })).toEqual([
      { functionResponse: { ...functionResponse, parts: [{ inlineData }] } },
    ])
    expect(turn({ thinking: 'budget' })).toEqual([{ functionResponse }, { inlineData }])
    expect(warned({ messages })).toEqual(['adjusted messages.2.content.1'])
    expect(read(body({ messages }, { thinking: 'level' })).messages[2]).toEqual(messages[2]!)
  })

  test('an unsigned call bears the bypass for Gemini 3, on the first call of the turn alone', () => {
    const opaque = { format: 'gemini', kind: 'signature', value: 'AA==' } as const
    const foreign = { format: 'anthropic-messages', kind: 'signature', value: 'BB==' } as const
    const messages: Message[] = [
      user('go'),
      { role: 'assistant', content: [call('a', '{}', { opaque: foreign }), call('b')] },
      { role: 'tool', callId: 'a', content: [] },
      { role: 'tool', callId: 'b', content: [] },
      { role: 'assistant', content: [call('c', '{}', { opaque })] },
    ]
    const signatures = (profile: Partial<ModelProfile>) =>
      (body({ messages }, profile).contents as { parts: JsonObject[] }[]).flatMap(({ parts }) =>
        parts.map((part) => part.thoughtSignature),
      )
    const bypass = 'skip_thought_signature_validator'
    expect(signatures({ thinking: 'level' })).toEqual([undefined, bypass, undefined, undefined, undefined, 'AA=='])
    expect(signatures({})).toEqual([undefined, undefined, undefined, undefined, undefined, 'AA=='])
    expect(warned({ messages }, { thinking: 'level' })).toEqual([
      'dropped messages.1.content.0.opaque',
      'emulated messages',
    ])
  })

  test('media go inline or by address, with a media type that fits', () => {
    const media = (kind: 'image' | 'document' | 'video', source: object) => ({ type: 'media', kind, source }) as never
    const content = [
      media('image', { type: 'url', url: 'https://a.example/cat.webp?x=1' }),
      media('image', { type: 'url', url: 'https://a.example/cat' }),
      media('document', { type: 'file', id: 'files/abc', mediaType: 'text/csv' }),
      media('video', { type: 'url', url: 'https://www.youtube.com/watch?v=1' }),
      media('document', { type: 'text', mediaType: 'text/plain', text: 'Grüße' }),
      media('document', { type: 'base64', mediaType: 'application/pdf', data: 'JVBERg==' }),
    ]
    const messages: Message[] = [{ role: 'user', content }]
    const { value, warnings } = write({ messages })
    expect((value.contents as JsonObject[])[0]?.parts).toEqual([
      { fileData: { mimeType: 'image/webp', fileUri: 'https://a.example/cat.webp?x=1' } },
      { fileData: { mimeType: 'image/jpeg', fileUri: 'https://a.example/cat' } },
      { fileData: { mimeType: 'text/csv', fileUri: 'files/abc' } },
      { fileData: { fileUri: 'https://www.youtube.com/watch?v=1' } },
      { inlineData: { mimeType: 'text/plain', data: 'R3LDvMOfZQ==' } },
      { inlineData: { mimeType: 'application/pdf', data: 'JVBERg==' } },
    ])
    expect(warnings).toEqual([])
    expect(read(value).messages).toEqual(messages)
  })

  test.each([
    ['level', { effort: 'xhigh' }, { thinkingLevel: 'high', includeThoughts: true }],
    ['level', { effort: 'none', summary: 'omitted' }, { thinkingLevel: 'minimal', includeThoughts: false }],
    ['level', { mode: 'enabled', budgetTokens: 2000 }, { thinkingLevel: 'medium', includeThoughts: true }],
    ['budget', { effort: 'low' }, { thinkingBudget: 1024, includeThoughts: true }],
    ['budget', { effort: 'none' }, { thinkingBudget: 0, includeThoughts: true }],
    ['budget', { mode: 'adaptive' }, { thinkingBudget: -1, includeThoughts: true }],
    [undefined, { effort: 'medium' }, { thinkingLevel: 'medium', includeThoughts: true }],
    [undefined, { mode: 'enabled', budgetTokens: 99 }, { thinkingBudget: 99, includeThoughts: true }],
  ] as const)('a model that thinks by %s is asked for %j as %j', (thinking, reasoning, thinkingConfig) => {
    const profile = thinking && { thinking }
    expect(body({ reasoning }, profile).generationConfig).toEqual({ thinkingConfig })
    const again = read(body({ reasoning }, profile)).reasoning
    if (warned({ reasoning }, profile).length === 0) expect(again).toEqual(reasoning)
  })

  test('an effort that the model lacks becomes the nearest it has, and none where it cannot think', () => {
    const profile = { thinking: 'level', efforts: ['low', 'high'] } as const
    expect(body({ reasoning: { effort: 'minimal' } }, profile)).toMatchObject({
      generationConfig: { thinkingConfig: { thinkingLevel: 'low' } },
    })
    const pro = { thinking: 'budget', efforts: ['low', 'high'] } as const
    expect(body({ reasoning: { mode: 'disabled' } }, pro)).toMatchObject({
      generationConfig: { thinkingConfig: { thinkingBudget: 128 } },
    })
    expect(body({ reasoning: { effort: 'low' } }, { thinking: 'none' }).generationConfig).toBeUndefined()
  })

  test('tools of other kinds are declared as functions under legal names', () => {
    const tools = [
      { type: 'function', name: 'a/b', namespace: 'ns', parameters: { type: 'object', $defs: {} } },
      { type: 'custom', name: 'patch', grammar: { syntax: 'lark', definition: 'start: "x"' } },
    ] as const
    const [entry] = body({ tools, toolChoice: { type: 'tool', name: 'patch' } }).tools as {
      functionDeclarations: JsonObject[]
    }[]
    expect(entry?.functionDeclarations[0]).toMatchObject({ parametersJsonSchema: { type: 'object', $defs: {} } })
    expect(String(entry?.functionDeclarations[0]?.name)).toMatch(/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/)
    expect(entry?.functionDeclarations[1]).toMatchObject({
      name: 'patch',
      parametersJsonSchema: { required: ['input'] },
    })
    expect(warned({ tools })).toEqual(['adjusted tools.0.name', 'emulated tools.1'])
  })

  test.each([
    [{ type: 'auto' }, { mode: 'AUTO' }],
    [{ type: 'none' }, { mode: 'NONE' }],
    [{ type: 'required' }, { mode: 'ANY' }],
    [
      { type: 'tool', name: 'look' },
      { mode: 'ANY', allowedFunctionNames: ['look'] },
    ],
    [
      { type: 'allowed', mode: 'required', names: ['look', 'see'] },
      { mode: 'ANY', allowedFunctionNames: ['look', 'see'] },
    ],
    [
      { type: 'allowed', mode: 'auto', names: ['look'] },
      { mode: 'VALIDATED', allowedFunctionNames: ['look'] },
    ],
  ] as const)('the choice %j is %j and comes back', (toolChoice, functionCallingConfig) => {
    const tools = [
      { type: 'function', name: 'look' },
      { type: 'function', name: 'see' },
    ] as const
    const { value, warnings } = write({ tools, toolChoice })
    expect([value.toolConfig, warnings]).toEqual([{ functionCallingConfig }, []])
    expect(read(value).toolChoice).toEqual(toolChoice)
  })

  test('strict functions are asked for by the mode that keeps to their schemas', () => {
    const tools = [{ type: 'function', name: 'look', strict: true }] as const
    const { value, warnings } = write({ tools, toolChoice: { type: 'auto' } })
    expect([value.toolConfig, warnings]).toEqual([{ functionCallingConfig: { mode: 'VALIDATED' } }, []])
    expect(read(value)).toMatchObject({ tools, toolChoice: { type: 'auto' } })
    expect(warned({ tools, toolChoice: { type: 'required' } })).toEqual(['dropped tools.0.strict'])
  })

  test('what Gemini has no place for is named', () => {
    const request = {
      user: 'u',
      store: true,
      logitBias: { 1: 2 },
      verbosity: 'low',
      parallelTools: false,
      metadata: { a: 'b' },
      serviceTier: 'auto',
      native: { format: 'openai-chat', fields: { prediction: {} } },
    } as const
    const paths = ['prediction', 'serviceTier', 'parallelTools', 'logitBias', 'verbosity', 'user', 'metadata', 'store']
    expect(warned(request)).toEqual(paths.map((field) => `dropped ${field}`))
    expect(body(request)).toEqual(body({}))
  })

  test('a tool or a part that only another format knows is refused by name', () => {
    const native = { type: 'native', format: 'openai-responses', value: { type: 'web_search' } } as const
    expect(failure(() => write({ tools: [native] })).detail.param).toBe('tools.0')
    const messages: Message[] = [user('a'), { role: 'assistant', content: [native] }]
    const error = failure(() => write({ messages }))
    expect([error.code, error.detail.param]).toEqual(['unsupported', 'messages.1.content.0'])
  })

  test('calls and results without any tools are sent as they are', () => {
    const messages: Message[] = [
      user('a'),
      { role: 'assistant', content: [call('x')] },
      { role: 'tool', callId: 'x', content: [] },
    ]
    expect(warned({ messages })).toEqual([])
    expect(body({ messages }).tools).toBeUndefined()
  })
})

describe('the path', () => {
  test('names the model and whether to stream', () => {
    expect(callPath('gemini-3-pro', false)).toBe('/models/gemini-3-pro:generateContent')
    expect(callPath('gemini-3-pro', true)).toBe('/models/gemini-3-pro:streamGenerateContent?alt=sse')
    expect(callPath('tunedModels/mine', false)).toBe('/tunedModels/mine:generateContent')
    expect(callPath('models/x', false)).toBe('/models/x:generateContent')
  })

  test('a model’s name cannot leave its place in the path', () => {
    expect(callPath('../files?key=1#', false)).toBe('/models/..%2Ffiles%3Fkey%3D1%23:generateContent')
  })
})
