import { joinBytes } from '../send.ts'
import type { Conceal } from '../sending/conceal.ts'
import { type Flow, nothing } from './flow.ts'

const encoder = new TextEncoder()
const instead = encoder.encode('[secret]')

/**
 * A flow whose blocks have the call's credentials taken out before anybody reads them: a provider may repeat within a stream the key
 * that it refuses. A block without one goes through as it is; the start of one at a block's end waits for its rest.
 */
export function concealedFlow(flow: Flow, conceal: Conceal): Flow {
  if (conceal.secrets.length === 0) return flow
  const secrets = conceal.secrets.map((secret) => encoder.encode(secret))
  let held: Uint8Array = nothing

  function pass(bytes: Uint8Array): Uint8Array {
    const block = held.length > 0 ? joinBytes([held, bytes]) : bytes
    const clean = secrets.reduce(without, block)
    const cut = clean.length - Math.max(...secrets.map((secret) => begun(clean, secret)))
    held = clean.subarray(cut)
    return cut === clean.length ? clean : clean.subarray(0, cut)
  }

  return {
    ...flow,
    push: (block) => flow.push(pass(block)),
    end() {
      if (held.length === 0) return flow.end()
      const last = held
      held = nothing
      return joinBytes([flow.push(last), flow.end()])
    },
    fail(error) {
      held = nothing
      return flow.fail(error)
    },
  }
}

/** The bytes with something else wherever what is sought stands; the same ones where it does not. */
function without(bytes: Uint8Array, sought: Uint8Array): Uint8Array {
  const at = find(bytes, sought)
  if (at < 0) return bytes
  return joinBytes([bytes.subarray(0, at), instead, without(bytes.subarray(at + sought.length), sought)])
}

/** Where one sequence of bytes lies within another; -1 where it does not. */
function find(bytes: Uint8Array, sought: Uint8Array): number {
  const first = sought[0] ?? 0
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1))
    if (matches(bytes, at, sought, sought.length)) return at
  return -1
}

/** How many bytes at the end may be the start of what is sought. */
function begun(bytes: Uint8Array, sought: Uint8Array): number {
  for (let length = Math.min(sought.length - 1, bytes.length); length > 0; length--)
    if (bytes[bytes.length - length] === sought[0] && matches(bytes, bytes.length - length, sought, length))
      return length
  return 0
}

function matches(bytes: Uint8Array, at: number, sought: Uint8Array, length: number): boolean {
  for (let offset = 0; offset < length; offset++) if (bytes[at + offset] !== sought[offset]) return false
  return true
}
