import { asObject } from '../../kernel/json.ts'
import { sse } from '../../kernel/sse.ts'
import type { Format } from '../format.ts'
import { errorFrame, readError, writeError } from './error.ts'
import { readRequest } from './request/read.ts'
import { writeRequest } from './request/write.ts'
import { readResponse, writeResponse } from './response.ts'
import { readStream } from './stream/read.ts'
import { writeStream } from './stream/write.ts'
import { usageMeter } from './usage.ts'

/** OpenAI Chat Completions, and what its look-alikes make of it (https://platform.openai.com/docs/api-reference/chat). */
export const openaiChat: Format<'chat'> = {
  id: 'openai-chat',
  operation: 'chat',
  framing: sse,
  wire: {
    modelIn: 'body',
    usageMark: '"usage"',
    toolNames: {},
    customTools: true,
    usageSwitch: {
      field: 'stream_options',
      isOn: (value) => asObject(value)?.include_usage === true,
      on: (value) => ({ ...asObject(value), include_usage: true }),
    },
  },
  server: { readRequest, writeResponse, writeStream, writeError, errorFrame },
  client: {
    path: () => '/chat/completions',
    writeRequest,
    readResponse,
    readStream,
    readError,
    meter: usageMeter,
  },
}
