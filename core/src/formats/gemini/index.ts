import { sse } from '../../kernel/sse.ts'
import type { Format } from '../format.ts'
import { errorFrame, readError, writeError } from './error.ts'
import { callPath, readRequest, writeRequest } from './request.ts'
import { meterUsage } from './response/usage.ts'
import { readResponse, writeResponse } from './response.ts'
import { readStream, writeStream } from './stream.ts'
import { nameRule } from './wire.ts'

/**
 * Google's `generateContent` and `streamGenerateContent` (https://ai.google.dev/api/generate-content). Streams are server-sent
 * events, as with `alt=sse`; the same frames lie in a JSON array without it, which is for the endpoint to choose.
 */
export const gemini: Format<'chat'> = {
  id: 'gemini',
  operation: 'chat',
  framing: sse,
  wire: {
    modelIn: 'path',
    usageMark: '"usageMetadata"',
    toolNames: nameRule,
    customTools: false,
    vendorOnly: ['cachedContent', 'cached_content'],
  },
  server: { readRequest, writeResponse, writeStream, writeError, errorFrame },
  client: { path: callPath, writeRequest, readResponse, readStream, readError, meter: meterUsage },
}
