import { sse } from '../../kernel/sse.ts'
import type { Format } from '../format.ts'
import { readOpenaiError, writeOpenaiError } from '../openai-error.ts'
import { errorFrame } from './error.ts'
import { own } from './own.ts'
import { readRequest } from './request/read.ts'
import { writeRequest } from './request/write.ts'
import { readResponse, readStream } from './stream/read.ts'
import { writeResponse, writeStream } from './stream/write.ts'
import { meter } from './usage.ts'

/** OpenAI's Responses API: https://platform.openai.com/docs/api-reference/responses */
export const openaiResponses: Format<'chat'> = {
  id: own,
  operation: 'chat',
  framing: sse,
  wire: {
    modelIn: 'body',
    usageMark: '"usage"',
    toolNames: {},
    customTools: true,
    vendorOnly: ['previous_response_id', 'conversation', 'prompt'],
  },
  server: { readRequest, writeResponse, writeStream, writeError: writeOpenaiError, errorFrame },
  client: {
    path: () => '/responses',
    writeRequest,
    readResponse,
    readStream,
    readError: (status, headers, body) => readOpenaiError(status, headers, body, own),
    meter,
  },
}
