import { jsonArray } from 'turnpike-core/internal/kernel/json-array'
import { sse } from 'turnpike-core/internal/kernel/sse'
import type { Params, Surface } from '../pipeline/route.ts'

const llm = ['llm_api_routes', 'openai_routes']

const deploymentInPath = (params: Params) => (params.model === undefined ? {} : { model: params.model })

/** The paths that answer model calls. */
export const surfaces: readonly Surface[] = [
  {
    kind: 'surface',
    id: 'chat.completions',
    method: 'POST',
    paths: [
      '/v1/chat/completions',
      '/chat/completions',
      '/openai/v1/chat/completions',
      '/engines/:model+/chat/completions',
      '/openai/deployments/:model+/chat/completions',
    ],
    policy: 'key',
    groups: llm,
    format: 'openai-chat',
    read: deploymentInPath,
  },
  {
    kind: 'surface',
    id: 'responses',
    method: 'POST',
    paths: ['/v1/responses', '/responses', '/openai/v1/responses', '/openai/responses'],
    policy: 'key',
    groups: llm,
    format: 'openai-responses',
  },
  {
    kind: 'surface',
    id: 'messages',
    method: 'POST',
    paths: ['/v1/messages', '/anthropic/v1/messages'],
    policy: 'key',
    groups: ['llm_api_routes', 'anthropic_routes'],
    format: 'anthropic-messages',
  },
  {
    kind: 'surface',
    id: 'generate-content',
    method: 'POST',
    paths: [
      '/v1beta/models/:model+:generateContent',
      '/models/:model+:generateContent',
      '/v1/models/:model+:generateContent',
      // Vertex AI's path in express mode, where the key alone says whose project it is
      '/v1beta1/publishers/google/models/:model:generateContent',
      '/v1/publishers/google/models/:model:generateContent',
    ],
    policy: 'key',
    groups: ['llm_api_routes', 'google_routes'],
    format: 'gemini',
    read: ({ model = '' }) => ({ model, stream: false }),
  },
  {
    kind: 'surface',
    id: 'stream-generate-content',
    method: 'POST',
    paths: [
      '/v1beta/models/:model+:streamGenerateContent',
      '/models/:model+:streamGenerateContent',
      '/v1/models/:model+:streamGenerateContent',
      // Vertex AI's path in express mode, where the key alone says whose project it is
      '/v1beta1/publishers/google/models/:model:streamGenerateContent',
      '/v1/publishers/google/models/:model:streamGenerateContent',
    ],
    policy: 'key',
    groups: ['llm_api_routes', 'google_routes'],
    format: 'gemini',
    read: ({ model = '' }) => ({ model, stream: true }),
    // without alt=sse Google streams one JSON array
    framing: (query) => (query.get('alt') === 'sse' ? sse : jsonArray),
  },
]
