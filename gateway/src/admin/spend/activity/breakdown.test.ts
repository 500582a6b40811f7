import { expect, test } from 'bun:test'
import { nano } from '../../../store/testing/samples.ts'
import { emptyTally, type Tally } from '../measures.ts'
import { addRest, addToDay, dayView, emptyDay } from './breakdown.ts'

const tally = (requests: number, spend: number): Tally => ({
  ...emptyTally(),
  requests,
  successes: requests,
  spend: nano(spend),
})
const told = { entityId: 'blue', keyHash: 'k1', model: 'm', modelGroup: 'g', provider: 'p', endpoint: 'messages' }
const labels = { keys: new Map(), entities: new Map() }

test('what is too much to tell apart stands in every part as the rest, so that each still adds up', () => {
  const day = emptyDay(20_000)
  addToDay(day, { ...told, ...tally(3, 700) })
  addRest(day, tally(5, 1000), true)
  const { metrics, breakdown } = dayView(day, labels) as {
    readonly metrics: unknown
    readonly breakdown: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }
  expect(metrics).toMatchObject({ spend: 1e-6, api_requests: 5 })
  for (const [part, name] of Object.entries({
    models: 'm',
    model_groups: 'g',
    providers: 'p',
    endpoints: '/v1/messages',
    api_keys: 'k1',
    entities: 'blue',
  }))
    expect(breakdown[part], part).toMatchObject({
      [name]: { metrics: { spend: 7e-7, api_requests: 3 } },
      '(rest)': { metrics: { spend: 3e-7, api_requests: 2 } },
    })
})

test('where everything is told apart there is no rest', () => {
  const day = emptyDay(20_000)
  addToDay(day, { ...told, ...tally(3, 700) })
  addRest(day, tally(3, 700), true)
  expect([...day.keys.keys()]).toEqual(['k1'])
})
