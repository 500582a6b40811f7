import { GatewayError } from '../kernel/faults.ts'
import { asNumber, asObject, type Json, type JsonObject } from '../kernel/json.ts'

/** When a second deployment is asked because the first is slow, and how often that may happen. */
export interface Hedge {
  /** milliseconds, or the time within which nineteen of twenty recent answers have begun */
  readonly after: number | 'p95'
  /** extra calls at the most, as a share of all */
  readonly maxExtra: number
}

/** What a deployment's entry says of how it is called, beyond what LiteLLM's entries say. */
export interface OwnSettings {
  readonly connectMs?: number
  /** milliseconds of silence after which a stream's caller hears a sign of life; 0: never */
  readonly keepAliveMs?: number
  /** whether another deployment may go on where a stream of this one broke off */
  readonly continuation?: boolean
  readonly hedge?: Hedge
  /** whether identical calls at the same time share one */
  readonly singleFlight?: boolean
}

type Read<T> = (value: Json, name: string) => T

const readers: { readonly [name: string]: (value: Json, name: string) => Partial<OwnSettings> } = {
  connect_timeout: (value, name) => ({ connectMs: seconds(value, name) }),
  stream_keepalive_seconds: (value, name) => ({ keepAliveMs: seconds(value, name) }),
  stream_continuation: (value, name) => ({ continuation: flag(value, name) }),
  single_flight: (value, name) => ({ singleFlight: flag(value, name) }),
  hedge: (value, name) => ({ hedge: hedgeOf(value, name) }),
}

/** Takes the settings of ours out of an entry's further parameters. Throws `misconfigured` for one that cannot be read. */
export function settingsIn(params: JsonObject): { readonly own: OwnSettings; readonly rest: JsonObject } {
  const names = Object.keys(params).filter((name) => Object.hasOwn(readers, name))
  if (names.length === 0) return { own: {}, rest: params }
  const rest = Object.fromEntries(Object.entries(params).filter(([name]) => !names.includes(name)))
  const parts = names.map((name) => {
    const value = params[name]
    return value === undefined || value === null ? {} : readers[name]?.(value, name)
  })
  return { own: Object.assign({}, ...parts) as OwnSettings, rest }
}

const seconds: Read<number> = (value, name) => {
  const number = asNumber(typeof value === 'string' && value.trim() !== '' ? Number(value) : value)
  if (number === undefined || number < 0) throw wrong(name, 'must be a number of seconds')
  return number * 1000
}

const flag: Read<boolean> = (value, name) => {
  if (typeof value !== 'boolean') throw wrong(name, 'must be true or false')
  return value
}

/** One call in twenty may be doubled unless the entry says otherwise. */
const usualExtra = 0.05

const hedgeOf: Read<Hedge> = (value, name) => {
  const { after, max_extra: share = usualExtra } = asObject(value) ?? {}
  const known = after === 'p95' || (typeof after === 'number' && after > 0)
  if (!known || typeof share !== 'number' || !(share > 0 && share <= 1))
    throw wrong(name, 'must be such as { after: p95, max_extra: 0.05 }, with `after` in milliseconds or p95')
  return { after, maxExtra: share }
}

function wrong(name: string, what: string): GatewayError {
  return new GatewayError('misconfigured', `\`${name}\` ${what}.`, { param: name })
}
