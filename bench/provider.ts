/** A provider that costs next to nothing: fixed answers in two formats, whole or as a stream of `chunks` pieces back to back. */
const chunks = Number(process.env.BENCH_CHUNKS ?? 100)

const openaiWhole = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'gpt-4o-2024-08-06',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hello! How can I help you today?', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 19,
    completion_tokens: 10,
    total_tokens: 29,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  },
})
const anthropicWhole = JSON.stringify({
  id: 'msg_bench',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5',
  content: [{ type: 'text', text: 'Hello! How can I help you today?' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 19, output_tokens: 10 },
})

const encoder = new TextEncoder()
const chunk = (delta: object, finish: string | null = null) =>
  encoder.encode(
    `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'gpt-4o-2024-08-06', service_tier: 'default', system_fingerprint: 'fp_bench', choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], usage: null })}\n\n`,
  )
const openaiStream = [
  chunk({ role: 'assistant', content: '', refusal: null }),
  ...Array.from({ length: chunks }, (_, at) => chunk({ content: ` word${at % 10}` })),
  chunk({}, 'stop'),
  encoder.encode(
    `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'gpt-4o-2024-08-06', choices: [], usage: { prompt_tokens: 19, completion_tokens: chunks, total_tokens: 19 + chunks } })}\n\n`,
  ),
  encoder.encode('data: [DONE]\n\n'),
]

const event = (type: string, value: object) =>
  encoder.encode(`event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`)
const anthropicStream = [
  event('message_start', {
    message: {
      id: 'msg_bench',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 19, output_tokens: 1 },
    },
  }),
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  ...Array.from({ length: chunks }, (_, at) =>
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: ` word${at % 10}` } }),
  ),
  event('content_block_stop', { index: 0 }),
  event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: chunks } }),
  event('message_stop', {}),
]

async function* pieces(blocks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* blocks
}

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  idleTimeout: 0,
  async fetch(request) {
    const body = await request.text()
    const anthropic = request.url.endsWith('/messages')
    if (!body.includes('"stream":true'))
      return new Response(anthropic ? anthropicWhole : openaiWhole, { headers: { 'content-type': 'application/json' } })
    return new Response(pieces(anthropic ? anthropicStream : openaiStream) as unknown as ReadableStream, {
      headers: { 'content-type': 'text/event-stream' },
    })
  },
})
console.log(`ready ${server.port}`)
