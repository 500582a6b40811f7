import type { Endpoint, Route } from '../../pipeline/route.ts'
import { version } from '../../version.ts'
import { openApiOf } from './openapi.ts'
import { pageOf } from './page.ts'

const shown = { kind: 'route', method: 'GET', policy: 'public', groups: [], errors: 'openai-chat' } as const

/** The page loads nothing and runs nothing. */
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/** `/openapi.json`, and `/`: a page for browsers, a greeting in JSON for everybody else. The table is asked for when the first one comes. */
export function openApiRoutes(endpoints: () => readonly Endpoint[]): readonly Route[] {
  const document = once(() => JSON.stringify(openApiOf(endpoints())))
  const page = once(() => pageOf(endpoints()))
  return [
    {
      ...shown,
      id: 'openapi',
      paths: ['/openapi.json'],
      summary: 'Describes every path in OpenAPI 3.1.',
      handle: () => new Response(document(), { headers: { 'content-type': 'application/json' } }),
    },
    {
      ...shown,
      id: 'root',
      paths: ['/'],
      summary: 'Lists every path: as a page where HTML is asked for.',
      handle: ({ request }) =>
        request.headers.get('accept')?.includes('text/html')
          ? new Response(page(), { headers: pageHeaders })
          : Response.json(greeting),
    },
  ]
}

const greeting = {
  name: 'turnpike',
  version,
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  gemini: '/v1beta/models/{model}:generateContent',
  models: '/v1/models',
  health: '/health/readiness',
  openapi: '/openapi.json',
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
