import { sse } from '../../kernel/sse.ts'
import type { Format } from '../format.ts'
import { errorFrame, readError, writeError } from './error.ts'
import { nameRule, readRequest, writeRequest } from './request.ts'
import { readResponse, writeResponse } from './response.ts'
import { readStream } from './stream.ts'
import { writeStream } from './stream-writer.ts'
import { meter } from './wire/usage.ts'

/** Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages). */
export const anthropicMessages: Format<'chat'> = {
  id: 'anthropic-messages',
  operation: 'chat',
  framing: sse,
  wire: {
    modelIn: 'body',
    usageMark: '"usage"',
    toolNames: nameRule,
    customTools: false,
    vendorOnly: ['mcp_servers'],
  },
  server: { readRequest, writeResponse, writeStream, writeError, errorFrame },
  client: { path: () => '/messages', writeRequest, readResponse, readStream, readError, meter },
}
