import { BlockList, isIP } from 'node:net'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { Knock } from '../route.ts'

/** The caller's address: the socket's peer, or what a trusted proxy in front says. */
export function addressOf(knock: Knock, useForwardedFor: boolean): string | undefined {
  if (!useForwardedFor) return knock.peer
  return knock.request.headers.get('x-forwarded-for')?.split(',')[0]?.trim() || knock.peer
}

const lists = new WeakMap<readonly string[], BlockList>()

/** Throws `route-denied` unless the address is one of these, or in one of these networks. An empty list allows every address. */
export function checkAddress(address: string | undefined, allowed: readonly string[]): void {
  if (allowed.length === 0) return
  let list = lists.get(allowed)
  if (!list) lists.set(allowed, (list = listOf(allowed)))
  const family = address === undefined ? 0 : isIP(address)
  if (family !== 0 && list.check(address as string, family === 6 ? 'ipv6' : 'ipv4')) return
  throw new GatewayError('route-denied', `Access forbidden: IP address ${address ?? 'unknown'} not allowed.`, {
    kind: 'auth_error',
  })
}

function listOf(allowed: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of allowed) {
    const [address = '', length] = entry.split('/', 2)
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    // what is no address matches nothing: configuration and API refuse it when it is written down
    if (isIP(address) === 0) continue
    if (length === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(length), family)
  }
  return list
}
