import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../../kernel/faults.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import fixture from '../fixtures/request.json' with { type: 'json' }
import { readRequest, writeRequest } from '../request.ts'

const path = { model: 'gemini-2.5-flash', stream: false }
const read = (body: object) => readRequest(body as JsonObject, path).value
function failure(act: () => unknown): GatewayError {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
  }
  throw new Error('it did not fail as expected')
}

describe('reading', () => {
  test('a whole request says in the vocabulary what it says in Google’s words', () => {
    const { messages, tools, native, ...rest } = read(fixture)
    expect(rest).toEqual({
      model: 'gemini-2.5-flash',
      stream: false,
      toolChoice: { type: 'tool', name: 'find_room' },
      temperature: 0.4,
      topP: 0.9,
      topK: 20,
      maxOutputTokens: 800,
      stop: ['END'],
      choices: 1,
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      output: { type: 'json-schema', schema: { type: 'object', properties: { room: { type: 'string' } } } },
      reasoning: { effort: 'low', summary: 'auto' },
      modalities: ['text'],
      logprobs: 3,
      audio: { voice: 'Kore' },
    })
    expect(native?.fields).toEqual({
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_ONLY_HIGH' }],
      cachedContent: 'cachedContents/xyz',
      generationConfig: { mediaResolution: 'MEDIA_RESOLUTION_LOW' },
    })
    expect(tools?.[0]).toMatchObject({
      type: 'function',
      parameters: { properties: { floor: { type: ['string', 'null'] } } },
    })
    expect(tools?.[1]).toMatchObject({
      name: 'transcribe',
      native: { format: 'gemini', value: { behavior: 'NON_BLOCKING' } },
    })
    expect(tools?.[2]).toEqual({ type: 'native', format: 'gemini', value: { codeExecution: {} } })
    expect(messages).toHaveLength(8)
    expect(messages[0]?.content).toHaveLength(2)
  })

  test('calls without an id get one from their place, and results find theirs by name in order', () => {
    const { messages } = read(fixture)
    const calls = messages[2]?.content.flatMap((part) => (part.type === 'tool-call' ? [part.id] : []))
    expect(calls).toEqual(['call_1_0', 'call_1_1', 'tr-1'])
    const opaque = { format: 'gemini', kind: 'signature', value: 'c2lnbmF0dXJlLTE=' }
    expect(messages[2]?.content[1]).toMatchObject({ opaque, input: '{"seats":2}' })
    expect(messages.slice(3, 6)).toEqual([
      { role: 'tool', callId: 'call_1_0', content: [{ type: 'text', text: '{"rooms":["Oak"]}' }] },
      { role: 'tool', callId: 'call_1_1', content: [{ type: 'text', text: 'nothing free' }], isError: true },
      { role: 'tool', callId: 'tr-1', content: [{ type: 'text', text: 'buy milk' }] },
    ])
  })

  test('the signature of a text stands right behind it', () => {
    const content = read(fixture).messages[6]?.content
    expect(content?.map(({ type }) => type)).toEqual(['text', 'reasoning'])
  })

  test('snake case, nulls and roles that Google takes are taken', () => {
    const snake = {
      system_instruction: 'Be kind.',
      contents: [
        { parts: [{ inline_data: { mime_type: 'application/pdf', data: 'JVBERg==' } }], role: null },
        { role: 'model', parts: [{ function_call: { name: 'f', args: null }, thought_signature: 'AA==' }] },
        { role: 'function', parts: [{ function_response: { name: 'f', response: { a: 1 } } }] },
      ],
      tools: [
        { function_declarations: [{ name: 'f', parameters_json_schema: { type: 'object' } }], code_execution: null },
      ],
      tool_config: { function_calling_config: { mode: 'any', allowed_function_names: ['f'] } },
      generation_config: { max_output_tokens: '5', thinking_config: { thinking_budget: 0 }, stop_sequences: [] },
      safety_settings: null,
    }
    const request = read(snake)
    expect(request.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool'])
    expect(request.messages[1]?.content[0]).toMatchObject({
      kind: 'document',
      source: { mediaType: 'application/pdf' },
    })
    expect(request.tools).toEqual([{ type: 'function', name: 'f', parameters: { type: 'object' } }])
    expect(request.toolChoice).toEqual({ type: 'tool', name: 'f' })
    expect(request.maxOutputTokens).toBe(5)
    expect(request.reasoning).toEqual({ mode: 'disabled', summary: 'omitted' })
    expect(request.native).toBeUndefined()
  })

  test('the chunks of a stream that an SDK keeps as turns are one turn again', () => {
    const turn = (...parts: object[]) => ({ role: 'model', parts })
    const contents = [
      { parts: [{ text: 'hi' }] },
      turn({ text: 'Hel' }),
      turn({ text: 'lo', thoughtSignature: 'AA==' }),
      turn({ text: '' }),
    ]
    expect(read({ contents }).messages[1]?.content).toEqual([
      { type: 'text', text: 'Hello' },
      { type: 'reasoning', text: '', opaque: { format: 'gemini', kind: 'signature', value: 'AA==' } },
    ])
  })

  test('what only Google knows comes back whole', () => {
    const parts = [
      { fileData: { fileUri: 'https://a.example/v.mp4', mimeType: 'video/mp4' }, videoMetadata: { fps: 2 } },
      { fileData: { fileUri: 'https://a.example/thing' } },
    ]
    const model = [
      { executableCode: { language: 'PYTHON', code: '1' } },
      { toolCall: { id: 'x' }, thoughtSignature: 'AA==' },
    ]
    const toolConfig = { functionCallingConfig: { mode: 'AUTO' }, retrievalConfig: { languageCode: 'de' } }
    const contents = [
      { role: 'user', parts },
      { role: 'model', parts: model },
    ]
    const tools = [{ functionDeclarations: [{ name: 'f' }] }, { google_search: {} }]
    const given = {
      contents,
      tools,
      toolConfig,
      labels: { a: 'b' },
      generationConfig: { imageConfig: { imageSize: '2K' } },
    }
    expect(writeRequest(read(given), { model: 'm' })).toEqual({ value: given, warnings: [] })
  })

  test.each([
    [{}, 'contents'],
    [{ contents: [] }, 'contents'],
    [{ contents: {} }, 'contents'],
    [{ contents: ['hi'] }, 'contents[0]'],
    [{ contents: [{ role: 'system', parts: [] }] }, 'contents[0].role'],
    [{ contents: [{ parts: {} }] }, 'contents[0].parts'],
    [{ contents: [{ parts: [{ text: 1 }] }] }, 'contents[0].parts[0].text'],
    [{ contents: [{ parts: [{}] }] }, 'contents[0].parts[0]'],
    [{ contents: [{ parts: [{ text: 'a' }, { inlineData: { data: 'AA==' } }] }] }, 'contents[0].parts[1].inlineData'],
    [
      { contents: [{ role: 'model', parts: [{ functionCall: { args: {} } }] }] },
      'contents[0].parts[0].functionCall.name',
    ],
    [
      { contents: [{ parts: [{ functionResponse: { name: 'f', response: 'x' } }] }] },
      'contents[0].parts[0].functionResponse.response',
    ],
    [
      { contents: [{ parts: [{ text: 'a' }] }], generationConfig: { temperature: 'hot' } },
      'generationConfig.temperature',
    ],
    [
      { contents: [{ parts: [{ text: 'a' }] }], tools: [{ functionDeclarations: [{}] }] },
      'tools[0].functionDeclarations[0].name',
    ],
    [
      { contents: [{ parts: [{ text: 'a' }] }], toolConfig: { functionCallingConfig: { mode: 'X' } } },
      'toolConfig.functionCallingConfig.mode',
    ],
    [
      { contents: [{ parts: [{ text: 'a' }] }], systemInstruction: { parts: [{ fileData: { fileUri: 'x' } }] } },
      'systemInstruction.parts[0]',
    ],
  ])('%j is refused and %s is named', (given, param) => {
    const error = failure(() => read(given))
    expect([error.code, error.detail.param]).toEqual(['invalid-request', param])
    expect(error.message).toStartWith(param)
  })
})
