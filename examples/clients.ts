// The same gateway from three official packages and by hand. Start it first (`npm start`), then:
//
//   TURNPIKE_KEY=$(cat .turnpike/master-key) node scripts/bun.mjs examples/clients.ts
//
// URL and MODEL choose another gateway and another model.
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'

const url = process.env.URL ?? 'http://localhost:4000'
const model = process.env.MODEL ?? 'turnpike/echo'
const key = process.env.TURNPIKE_KEY ?? ''
const content = 'Hello'

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key })
const chat = await openai.chat.completions.create({ model, messages: [{ role: 'user', content }] })
console.log('chat completions:', chat.choices[0]?.message.content)

const response = await openai.responses.create({ model, input: content })
console.log('responses:       ', response.output_text)

const anthropic = new Anthropic({ baseURL: url, apiKey: key })
const message = await anthropic.messages.create({ model, max_tokens: 100, messages: [{ role: 'user', content }] })
console.log('messages:        ', message.content[0]?.type === 'text' ? message.content[0].text : message.content)

const google = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } })
const generated = await google.models.generateContent({ model, contents: content })
console.log('generateContent: ', generated.text)

const byHand = await fetch(`${url}/v1/chat/completions`, {
  method: 'POST',
  headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  body: JSON.stringify({ model, messages: [{ role: 'user', content }] }),
})
console.log('by hand:         ', byHand.status, byHand.headers.get('x-litellm-response-cost'))
