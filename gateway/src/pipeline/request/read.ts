import { type Call, callOf, vendorHeadersOf } from 'turnpike-core/internal/client/call'
import { GatewayError } from 'turnpike-core/internal/kernel/faults'
import type { House } from '../../house.ts'
import type { Knock, Surface } from '../route.ts'
import { readBody } from './body.ts'

/** What is asked, as bytes: only the envelope is looked at. */
export async function read(knock: Knock & { readonly endpoint: Surface }, house: House): Promise<Call> {
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
