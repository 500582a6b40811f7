import { type Call, callOf, vendorHeadersOf } from 'turnpike-core/internal/client/call'
import type { House } from '../../house.ts'
import type { Knock, Surface } from '../route.ts'
import { readBody } from './body.ts'

/** What is asked, as bytes: only the envelope is looked at. */
export async function read(knock: Knock & { readonly endpoint: Surface }, house: House): Promise<Call> {
  const { endpoint, request } = knock
  const bytes = await readBody(request, house.config.general.body)
  const path = endpoint.read?.(knock.params, knock.query)
  return callOf({
    format: endpoint.format,
    bytes,
    vendorHeaders: vendorHeadersOf(request.headers),
    ...(path && { path }),
  })
}
