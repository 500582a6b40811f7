import { describe, expect, test } from 'bun:test'
import { fromOpenApi, toOpenApi } from './schema.ts'

describe('the OpenAPI subset as JSON Schema', () => {
  test('types are lowered, also where protobuf clients send numbers and snake case', () => {
    const schema = {
      type: 6,
      properties: { a: { type: 1 }, b: { type: 'ARRAY', min_items: '2', items: { type: 'NUMBER' } } },
      property_ordering: ['a', 'b'],
    }
    expect(fromOpenApi(schema)).toEqual({
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'array', minItems: 2, items: { type: 'number' } } },
    })
  })

  test('nullable becomes a type, with its enum and its options', () => {
    expect(fromOpenApi({ type: 'STRING', nullable: true, enum: ['a'] })).toEqual({
      type: ['string', 'null'],
      enum: ['a', null],
    })
    expect(fromOpenApi({ anyOf: [{ type: 'STRING' }], nullable: true })).toEqual({
      anyOf: [{ type: 'string' }, { type: 'null' }],
    })
  })

  test('a property that is called like a keyword stays a property', () => {
    const properties = { type: { type: 'string' }, nullable: { type: 'boolean' } }
    expect(fromOpenApi({ type: 'OBJECT', properties })).toEqual({ type: 'object', properties })
  })
})

describe('JSON Schema as the OpenAPI subset', () => {
  test('references are put in place', () => {
    const schema = {
      type: 'object',
      properties: { home: { $ref: '#/$defs/place', description: 'Where they live' } },
      $defs: { place: { type: 'object', properties: { city: { type: 'string' } }, additionalProperties: false } },
    }
    expect(toOpenApi(schema)).toEqual({
      type: 'OBJECT',
      properties: {
        home: { type: 'OBJECT', description: 'Where they live', properties: { city: { type: 'STRING' } } },
      },
    })
  })

  test('a schema that refers to itself ends in a plain object', () => {
    const schema = {
      $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
      $ref: '#/$defs/node',
    }
    expect(toOpenApi(schema)).toEqual({ type: 'OBJECT', properties: { next: { type: 'OBJECT' } } })
    const root = { type: 'object', properties: { self: { $ref: '#' } } }
    expect(JSON.stringify(toOpenApi(root)).length).toBeLessThan(200)
  })

  test('null among the types, in anyOf and in an enum becomes nullable', () => {
    expect(toOpenApi({ type: ['string', 'null'] })).toEqual({ type: 'STRING', nullable: true })
    expect(toOpenApi({ anyOf: [{ type: 'integer' }, { type: 'null' }], description: 'n' })).toEqual({
      type: 'INTEGER',
      description: 'n',
      nullable: true,
    })
    expect(toOpenApi({ enum: ['a', null] })).toEqual({ type: 'STRING', format: 'enum', enum: ['a'], nullable: true })
  })

  test('several types, oneOf and const are said in the words that the subset has', () => {
    expect(toOpenApi({ type: ['string', 'number'] })).toEqual({ anyOf: [{ type: 'STRING' }, { type: 'NUMBER' }] })
    expect(toOpenApi({ oneOf: [{ type: 'string' }, { const: 'x' }] })).toEqual({
      anyOf: [{ type: 'STRING' }, { type: 'STRING', format: 'enum', enum: ['x'] }],
    })
  })

  test('allOf is merged', () => {
    const allOf = [
      { properties: { a: { type: 'string' } }, required: ['a'] },
      { properties: { b: { type: 'boolean' } }, required: ['b'] },
    ]
    expect(toOpenApi({ type: 'object', allOf })).toEqual({
      type: 'OBJECT',
      properties: { a: { type: 'STRING' }, b: { type: 'BOOLEAN' } },
      required: ['a', 'b'],
    })
  })

  test('an enum of numbers, a foreign format and an object without members are left out', () => {
    expect(toOpenApi({ type: 'integer', enum: [1, 2] })).toEqual({ type: 'INTEGER' })
    expect(toOpenApi({ type: 'string', format: 'uri' })).toEqual({ type: 'STRING' })
    expect(toOpenApi({ type: 'object', properties: {}, required: ['gone'] })).toEqual({ type: 'OBJECT' })
  })

  test('references that double at every step do not run away', () => {
    const defs: Record<string, object> = { d30: { type: 'string' } }
    for (let at = 0; at < 30; at++) {
      const next = { $ref: `#/$defs/d${at + 1}` }
      defs[`d${at}`] = { type: 'object', properties: { a: next, b: next } }
    }
    expect(JSON.stringify(toOpenApi({ $ref: '#/$defs/d0', $defs: defs as never })).length).toBeLessThan(1_000_000)
  })
})
