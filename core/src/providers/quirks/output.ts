import { isObject } from '../../kernel/json.ts'
import type { Quirk } from '../provider.ts'
import { withField } from './walk.ts'

/** Leaves out `response_format` where it says what is so anyway. */
export const dropTextFormat: Quirk = {
  kind: 'rewrite',
  touches: ['response_format'],
  effect: 'same',
  why: 'rejects response_format "text"',
  body: (body) =>
    isObject(body.response_format) && body.response_format.type === 'text'
      ? withField(body, 'response_format', undefined)
      : body,
}

/** Asks for any JSON object by the schema of any JSON object. */
export const jsonBySchema: Quirk = {
  kind: 'rewrite',
  touches: ['response_format'],
  effect: 'emulated',
  why: 'knows response_format "json_schema" only: a JSON object is asked for by its schema',
  body: (body) => {
    if (!isObject(body.response_format) || body.response_format.type !== 'json_object') return body
    return {
      ...body,
      response_format: { type: 'json_schema', json_schema: { name: 'object', schema: { type: 'object' } } },
    }
  },
}

/** Writes a schema given beside `json_object` (as `response_schema` or `schema`) where the server looks for it. */
export const schemaInPlace: Quirk = {
  kind: 'rewrite',
  touches: ['response_format'],
  effect: 'same',
  why: 'takes schemas as response_format "json_schema" only',
  body: (body) => {
    const format = body.response_format
    if (!isObject(format) || format.type !== 'json_object') return body
    const schema = format.response_schema ?? format.schema
    return isObject(schema)
      ? { ...body, response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } } }
      : body
  },
}
