import { type Call, callOf, vendorHeadersOf } from 'turnpike-core/internal/client/call'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import { asObject } from 'turnpike-core/internal/kernel/json'
import type { House } from '../../house.ts'
import type { Principal } from '../../vocabulary/principal.ts'
import type { Knock, Surface } from '../route.ts'
import { readBody } from './body.ts'

/** What is asked, as bytes: only the envelope is looked at. */
export async function read(
  knock: Knock & { readonly endpoint: Surface },
  caller: Principal,
  house: House,
): Promise<Call> {
  const { endpoint, request } = knock
  const bytes = await readBody(request, house.config.general.body)
  const path = endpoint.read?.(knock.params, knock.query)
  const call = callOf({
    format: endpoint.format,
    bytes,
    vendorHeaders: vendorHeadersOf(request.headers),
    ...(path && { path }),
  })
  refuseForbidden(call)
  for (const name of enforcedParams(caller, house)) requireParam(call, name)
  return call
}

/** What LiteLLM's callers may ask for in a body and this gateway does not do: passing it over in silence would be unsafe. */
const forbidden: Readonly<Record<string, string>> = {
  api_base: 'calls go to the addresses that the operator configured',
  base_url: 'calls go to the addresses that the operator configured',
  api_key: 'calls are made with the keys that the operator configured',
  user_config: 'callers cannot bring a configuration of their own',
  guardrails: 'guardrails do not act in this version',
}

function refuseForbidden(call: Call): void {
  for (const name of Object.keys(forbidden)) {
    if (!call.envelope.members.has(name)) continue
    const value = call.field(name)
    if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) continue
    throw new GatewayError(
      'invalid-request',
      `Rejected Request: \`${name}\` is not allowed in the request body: ${forbidden[name]}.`,
      { param: name },
    )
  }
}

const noParams: readonly string[] = []

/** Members that the operator or the key's owner wants in every call. */
function enforcedParams(caller: Principal, house: House): readonly string[] {
  const { enforcedParams: ofAll, serviceAccountParams } = house.config.governance.access
  if (caller.kind !== 'key') return ofAll
  const { enforcedParams: own, metadata } = caller.key
  const ofService = metadata.service_account_id === undefined ? noParams : serviceAccountParams
  return own.length + ofService.length === 0 ? ofAll : [...ofAll, ...own, ...ofService]
}

function requireParam(call: Call, name: string): void {
  const [first = '', second] = name.split('.', 2)
  const value = call.envelope.members.has(first) ? call.field(first) : undefined
  const found = second === undefined || value === undefined ? value : asObject(value)?.[second]
  if (found === undefined || found === null)
    throw new GatewayError(
      'invalid-request',
      `BadRequest please pass param=${name}: every call with this key needs it.`,
      {
        param: name,
      },
    )
}
