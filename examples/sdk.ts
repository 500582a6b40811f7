// The library: one call, one stream, one router with a fallback, each with what it cost.
//
//   node scripts/bun.mjs examples/sdk.ts                                 offline, with the model that repeats what it hears
//   MODEL=anthropic/claude-sonnet-4-5 node scripts/bun.mjs examples/sdk.ts    with ANTHROPIC_API_KEY in the environment
import { completion, costOf, Router, receiptOf } from 'turnpike-core'

const model = process.env.MODEL ?? 'turnpike/echo'
const messages = [{ role: 'user' as const, content: 'Say hello to the reader.' }]

const answer = await completion({ model, messages })
console.log('whole:   ', answer.choices[0]?.message.content, '| cost', costOf(answer))

const stream = await completion({ model, messages, stream: true })
process.stdout.write('streamed: ')
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '')
console.log(' | tokens', receiptOf(stream)?.usage?.output)

const router = new Router({
  model_list: [
    { model_name: 'down', litellm_params: { model: 'gpt-4o', mock_response: 'litellm.InternalServerError' } },
    { model_name: 'up', litellm_params: { model } },
  ],
  fallbacks: [{ down: ['up'] }],
  num_retries: 0,
})
const rescued = await router.completion({ model: 'down', messages })
console.log('rescued: ', rescued.choices[0]?.message.content, '| fallbacks', receiptOf(rescued)?.fallbacks)
