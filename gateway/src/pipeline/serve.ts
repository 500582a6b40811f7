import type { House } from '../house.ts'
import { admit, type Grant } from './admit.ts'
import { addKey } from './answer/headers.ts'
import { refuse } from './answer/refuse.ts'
import { respond } from './answer/respond.ts'
import { ask } from './ask.ts'
import { openJournal } from './journal.ts'
import { identify } from './request/identify.ts'
import { read } from './request/read.ts'
import { resolve } from './resolve.ts'
import type { Knock, Surface } from './route.ts'

/** The way of every model call through the gateway, whatever its surface. */
export async function serve(knock: Knock & { readonly endpoint: Surface }, house: House): Promise<Response> {
  const journal = openJournal(knock, house)
  let grant: Grant | undefined
  try {
    const caller = await identify(knock, house) // who is asking, and may they knock here
    journal.caller(caller)
    const call = await read(knock, house) // what they ask, as bytes
    journal.call(call)
    const route = resolve(call, caller, house) // which deployments may answer them
    grant = admit({ call, caller, route, house }) // limits and budget, set aside
    journal.granted(grant)
    const answer = await ask({ knock, call, route, journal, house }) // the deployments, in order
    return respond({ knock, call, answer, grant, journal, house }) // settles when the last byte has left
  } catch (thrown) {
    const error = journal.fail(thrown)
    const own = { ...grant?.lease.headers }
    addKey(own, journal.principal(), house)
    return refuse(error, knock, own)
  }
}
