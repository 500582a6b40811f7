import { describe, expect, test } from 'bun:test'
import { usageOf } from '../../vocabulary/usage.ts'
import { readUsage, usageMeter, writeUsage } from './usage.ts'

describe('usage', () => {
  test('cached tokens are found wherever a provider puts them', () => {
    const prompt = { prompt_tokens: 100, completion_tokens: 1, total_tokens: 101 }
    for (const cached of [
      { prompt_tokens_details: { cached_tokens: 60 } },
      { prompt_cache_hit_tokens: 60, prompt_cache_miss_tokens: 40 },
      { cached_tokens: 60 },
      { cache_read_input_tokens: 60 },
    ])
      expect(readUsage({ ...prompt, ...cached })).toMatchObject({ input: 100, cacheRead: 60, fresh: 40 })
  })

  test('reasoning outside the completion is counted into the output', () => {
    const raw = {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 35,
      completion_tokens_details: { reasoning_tokens: 20 },
    }
    expect(readUsage(raw)).toMatchObject({ output: 25, reasoning: 20 })
    expect(readUsage({ ...raw, completion_tokens: 25 })).toMatchObject({ output: 25, reasoning: 20 })
    expect(readUsage({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 35 })).toMatchObject({
      output: 25,
      reasoning: 20,
    })
  })

  test('audio outside the prompt is counted into the input, audio within is not', () => {
    const details = { prompt_tokens_details: { audio_tokens: 30 } }
    expect(readUsage({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 45, ...details })).toMatchObject({
      input: 40,
      fresh: 10,
      audioIn: 30,
    })
    expect(readUsage({ prompt_tokens: 40, completion_tokens: 5, total_tokens: 45, ...details })).toMatchObject({
      input: 40,
      fresh: 10,
      audioIn: 30,
    })
  })

  test('a cached image is not counted twice', () => {
    const details = { prompt_tokens_details: { cached_tokens: 90, image_tokens: 50 } }
    expect(readUsage({ prompt_tokens: 100, completion_tokens: 1, ...details })).toMatchObject({
      input: 100,
      cacheRead: 90,
      imageIn: 10,
      fresh: 0,
    })
  })

  test('tokens of citations are measured beside the prompt', () => {
    const raw = { prompt_tokens: 30, completion_tokens: 5, total_tokens: 35, citation_tokens: 11 }
    expect(readUsage(raw)).toMatchObject({ input: 30, output: 5, measures: { citationTokens: 11 } })
    expect(readUsage({ ...raw, citation_tokens: 0 })).not.toHaveProperty('measures')
  })

  test('every bucket survives the wire', () => {
    const usage = usageOf({
      fresh: 7,
      cacheRead: 100,
      cacheWrite5m: 20,
      cacheWrite1h: 30,
      audioIn: 4,
      imageIn: 5,
      output: 50,
      reasoning: 40,
      audioOut: 6,
      calls: { web_search: 2 },
    })
    const { raw: _raw, ...back } = readUsage(JSON.parse(JSON.stringify(writeUsage(usage))))
    expect(back).toEqual(usage)
    expect(writeUsage(usage)).toMatchObject({ cache_creation_input_tokens: 50, cache_read_input_tokens: 100 })
  })

  test('the meter finds usage in bodies and in Groq’s corner, and the last word counts', () => {
    const meter = usageMeter()
    meter.read({ choices: [], usage: null })
    expect(meter.usage()).toBeUndefined()
    expect(meter.final()).toBe(false)
    meter.read({ usage: { prompt_tokens: 3, completion_tokens: 1 } })
    meter.read({ x_groq: { usage: { prompt_tokens: 3, completion_tokens: 9 } } })
    expect(meter.final()).toBe(true)
    expect(meter.usage()).toMatchObject({ input: 3, output: 9, raw: { prompt_tokens: 3, completion_tokens: 9 } })
  })
})
