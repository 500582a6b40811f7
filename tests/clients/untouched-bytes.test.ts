import { describe, expect, test } from 'bun:test'
import { jsonArray } from 'turnpike-core/internal/kernel/json-array'
import { run } from 'turnpike-core/internal/kernel/transducer'
import { openScene, textOf } from './scene.ts'

const scene = openScene()

interface Surface {
  readonly group: string
  /** the model's name on the wire */
  readonly model: string
  readonly path: (group: string, stream: boolean) => string
  /** a request with the oddities that JSON allows, `MODEL` where the model is named */
  readonly request: (stream: boolean) => string
  readonly whole: string
  readonly stream: string
  /** the vendor's way to fail, with a member that nobody knows */
  readonly error: string
}

const messages = `"messages" : [ {"content":"caf\\u00e9 \\ud83d\\ude00","role":"user" , "x_unknown":{"b":1.0,"a":1e2}} ]`

const openaiChat: Omit<Surface, 'group' | 'model'> = {
  path: () => '/v1/chat/completions',
  request: (stream) =>
    `{\n  ${messages},\n\t"x_new_field": [1.50, null, "\\/"], "model":"MODEL", "stream":${stream}, "stream_options":{"include_usage":true}\n}\n`,
  whole: `{ "x_first":"before all", "usage":{"total_tokens":3,"completion_tokens":1,"prompt_tokens":2,"x_cost":0.00001230},\n "choices":[ {"finish_reason":"stop","message":{"content":"\\u0068i","role":"assistant","x_odd":[ ]},"index":0} ],"model":"whatever-2026","id":"chatcmpl-1","object":"chat.completion","created":1 }\n\n`,
  stream: [
    ': a comment of the provider\n\n',
    'data:{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"x_pad":"aaaa"}\n\n',
    'data: {"choices" : [ {"delta":{"content":"h\\u0069"},"index":0} ], "id":"c","object":"chat.completion.chunk","created":1,"model":"m","obfuscation":"x9"}\n\n',
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":2,"completion_tokens":1,"total_tokens":3,"x_cost":0.10}}\n\n',
    'data: [DONE]\n\n',
  ].join(''),
  error:
    '{ "error": {"code":"odd_code","param":"messages[0]","type":"invalid_request_error","message":"No, thanks.","x_hint":[1,2]}}\n',
}

const openaiResponses: Omit<Surface, 'group' | 'model'> = {
  path: () => '/v1/responses',
  request: (stream) =>
    `{"store" : false, "stream":${stream},\r\n "input":[{"role":"user","content":[{"text":"caf\\u00e9","type":"input_text","x":1.0}]}],"model" :  "MODEL" ,"x_new_field":{"z":1,"a":2}}`,
  whole: `{"x_first":1.0,"object":"response","status":"completed","output":[ {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"\\u0068i","annotations":[]}]}, {"type":"x_new_item","deep":{"b":1,"a":2}} ],"id":"resp_1","model":"m","created_at":1,"usage":{"output_tokens":1,"input_tokens":2,"total_tokens":3}}`,
  stream: [
    'event: response.created\ndata: {"response":{"id":"r","object":"response","created_at":1,"model":"m","status":"in_progress","output":[]},"type":"response.created","sequence_number":0}\n\n',
    'event: x.keepalive\ndata: {"type":"x.keepalive","sequence_number":1}\n\n',
    'event: response.output_item.added\ndata: {"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"msg_1","role":"assistant","status":"in_progress","content":[]},"sequence_number":2}\n\n',
    'event: response.content_part.added\ndata: {"type":"response.content_part.added","item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]},"sequence_number":3}\n\n',
    'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"h\\u0069","obfuscation":"Qk3","sequence_number":4}\n\n',
    'event: response.completed\ndata: {"type":"response.completed","sequence_number":5,"response":{"id":"r","object":"response","created_at":1,"model":"m","status":"completed","output":[],"usage":{"input_tokens":2,"output_tokens":1,"total_tokens":3}}}\n\n',
  ].join(''),
  error: '{"error":{"message":"No, thanks.","type":"invalid_request_error","param":"input","code":null,"x_hint":1.0}}',
}

const anthropic: Omit<Surface, 'group' | 'model'> = {
  path: () => '/v1/messages?beta=true',
  request: (stream) =>
    `{"model":"MODEL","x_new_field":1.0, "max_tokens" : 10,\n"system":[{"cache_control":{"type":"ephemeral","ttl":"1h"},"text":"Be \\u0062rief","type":"text"}],${messages},"stream":${stream}}`,
  whole: `{"stop_sequence":null,"x_first":[ 1.0 ],"content":[{"text":"\\u0068i","type":"text","x":{"b":1,"a":2}},{"type":"x_new_block"}],"id":"msg_1","model":"m","role":"assistant","type":"message","stop_reason":"end_turn","usage":{"output_tokens":1,"input_tokens":2,"x":{"y":0.0}}}`,
  stream: [
    'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":2,"output_tokens":1}}   }\n\n',
    'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}      }\n\n',
    'event: ping\ndata: {"type": "ping"}\n\n',
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"h\\u0069"} }\n\n',
    'event: x_new_event\ndata: {"type":"x_new_event","value":1.0}\n\n',
    'event: content_block_stop\ndata: {"type":"content_block_stop","index":0             }\n\n',
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}\n\n',
    'event: message_stop\ndata: {"type":"message_stop"           }\n\n',
  ].join(''),
  error:
    '{"type":"error","request_id":"req_1","error":{"message":"No, thanks.","type":"invalid_request_error","details":{"x":1.0}}}',
}

const gemini: Omit<Surface, 'group' | 'model'> = {
  path: (group, stream) =>
    stream ? `/v1beta/models/${group}:streamGenerateContent?alt=sse` : `/v1beta/models/${group}:generateContent`,
  request: () =>
    `{ "x_new_field":1.0,"contents":[{"parts":[{"text":"caf\\u00e9"}],"role":"user"}],\n"generationConfig":{"temperature":1.0,"x":{}} }`,
  whole: `{\n  "candidates": [\n    {"finishReason":"STOP","content":{"role":"model","parts":[{"text":"\\u0068i","thoughtSignature":"AAE="}]},"index":0,"x":1.0}\n  ],\n  "x_first": {},\n  "usageMetadata": {"promptTokenCount":2,"candidatesTokenCount":1,"totalTokenCount":3},\n  "modelVersion": "m"\n}\n`,
  stream: [
    'data: {"candidates": [{"content": {"parts": [{"text": "h\\u0069"}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 2,"totalTokenCount": 2},"modelVersion": "m","x": 1.0}\r\n\r\n',
    'data: {"candidates": [{"content": {"parts": [{"text": ""}],"role": "model"},"finishReason": "STOP","index": 0}],"usageMetadata": {"promptTokenCount": 2,"candidatesTokenCount": 1,"totalTokenCount": 3},"modelVersion": "m"}\r\n\r\n',
  ].join(''),
  error:
    '{\n  "error": {\n    "code": 400,\n    "message": "No, thanks.",\n    "status": "INVALID_ARGUMENT",\n    "details": [{"@type":"x","y":1.0}]\n  }\n}\n',
}

const surfaces: readonly Surface[] = [
  { group: 'gpt', model: 'gpt-4o', ...openaiChat },
  { group: 'groq', model: 'llama-3.3-70b-versatile', ...openaiChat },
  { group: 'azure', model: 'my-gpt-deployment', ...openaiChat },
  { group: 'codex', model: 'gpt-5.1-codex', ...openaiResponses },
  { group: 'claude', model: 'claude-sonnet-4-5', ...anthropic },
  { group: 'gem', model: 'gemini-2.5-pro', ...gemini },
]

function call({ path, request, group }: Surface, stream: boolean): Promise<Response> {
  return fetch(scene.house.url + path(group, stream), {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}`, 'content-type': 'application/json' },
    body: request(stream).replace('MODEL', group),
  })
}

const eventStream = { 'content-type': 'text/event-stream; charset=utf-8' }
const ofJson = { 'content-type': 'application/json; charset=UTF-8' }

/** The bytes in pieces of the given size, each sent by itself. */
function pieces(text: string, size: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const bytes = new TextEncoder().encode(text)
  let at = 0
  return new ReadableStream(
    {
      async pull(controller) {
        if (at >= bytes.length) return controller.close()
        controller.enqueue(bytes.slice(at, at + size))
        at += size
        await Bun.sleep(0)
      },
    },
    { highWaterMark: 0 },
  )
}

describe.each(surfaces)('L2 untouched: between a caller and $group', (surface) => {
  test.each([false, true])('the request keeps its bytes but for the name of the model, stream: %p', async (stream) => {
    await textOf(call(surface, stream))
    expect(scene.seen().body).toBe(surface.request(stream).replace('MODEL', surface.model))
    expect(scene.seen().headers['content-type']).toBe('application/json')
  })

  test('a whole answer keeps its bytes', async () => {
    scene.house.provider.script(new Response(surface.whole, { headers: ofJson }))
    const response = await call(surface, false)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(surface.whole)
    expect(response.headers.get('content-type')).toBe(ofJson['content-type'])
  })

  test.each([1, 7, 64, 100_000])('a stream keeps its bytes, sent by %p at a time', async (size) => {
    scene.house.provider.script(new Response(pieces(surface.stream, size), { headers: eventStream }))
    const response = await call(surface, true)
    expect(await response.text()).toBe(surface.stream)
    expect(response.headers.get('content-type')).toStartWith('text/event-stream')
  })

  test.each([false, true])('what comes compressed arrives plain, stream: %p', async (stream) => {
    const text = stream ? surface.stream : surface.whole
    const headers = { ...(stream ? eventStream : ofJson), 'content-encoding': 'gzip' }
    scene.house.provider.script(new Response(Bun.gzipSync(text), { headers }))
    const response = await call(surface, stream)
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(await response.text()).toBe(text)
  })

  test.each([400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 504, 529])(
    'a failure keeps its status %p and its bytes, whole and streamed',
    async (status) => {
      for (const stream of [false, true]) {
        scene.house.provider.script(
          new Response(surface.error, {
            status,
            headers: { ...ofJson, 'retry-after': '7', 'x-request-id': 'req_odd' },
          }),
        )
        const response = await call(surface, stream)
        expect(response.status).toBe(status)
        expect(await response.text()).toBe(surface.error)
        expect(response.headers.get('retry-after')).toBe('7')
        expect(response.headers.get('x-request-id')).toBe('req_odd')
      }
    },
  )
})

describe('L2 untouched', () => {
  test('usage that the caller did not ask for is taken out of a stream, and nothing else', async () => {
    const [gpt] = surfaces as [Surface]
    const without = {
      ...gpt,
      request: (stream: boolean) => gpt.request(stream).replace(/, "stream_options":\{[^}]*\}/, ''),
    }
    scene.house.provider.script(new Response(pieces(gpt.stream, 13), { headers: eventStream }))
    const text = await textOf(call(without, true))
    expect(text).toBe(gpt.stream.replace(/data: [^\n]*"choices":\[\],"usage"[^\n]*\n\n/, ''))
    expect(text).not.toContain('prompt_tokens')
    expect(scene.seen().body).toContain('"stream_options":{"include_usage":true}')
  })

  test("a stream of Google's that is asked for as an array holds the same objects", async () => {
    const gem = surfaces.find(({ group }) => group === 'gem') as Surface
    scene.house.provider.script(new Response(pieces(gem.stream, 13), { headers: eventStream }))
    const response = await fetch(`${scene.house.url}/v1beta/models/gem:streamGenerateContent`, {
      method: 'POST',
      headers: { 'x-goog-api-key': scene.key },
      body: gem.request(true),
    })
    expect(response.headers.get('content-type')).toStartWith('application/json')
    const text = await response.text()
    expect(JSON.parse(text)).toHaveLength(2)
    const frames = run(jsonArray.read(), [new TextEncoder().encode(text)])
    expect(frames.map(({ data }) => `data: ${data}\r\n\r\n`).join('')).toBe(gem.stream)
  })

  test('what a provider says of its limits and of the request goes along under its own names', async () => {
    const headers = {
      ...ofJson,
      'x-ratelimit-remaining-requests': '41',
      'openai-processing-ms': '12',
      'x-request-id': 'req_9',
      'set-cookie': 'a=b',
    }
    scene.house.provider.script(new Response(openaiChat.whole, { headers }))
    const response = await call(surfaces[0] as Surface, false)
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('41')
    expect(response.headers.get('openai-processing-ms')).toBe('12')
    expect(response.headers.get('x-request-id')).toBe('req_9')
    expect(response.headers.get('set-cookie')).toBeNull()
  })
})
