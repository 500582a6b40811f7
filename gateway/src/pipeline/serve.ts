import type { House } from '../house.ts'
import { admit, type Grant } from './admit.ts'
import { awaited } from './answer/early.ts'
import { addKey } from './answer/headers.ts'
import { refuse } from './answer/refuse.ts'
import { respond } from './answer/respond.ts'
import { ask } from './ask.ts'
import { identify } from './request/identify.ts'
import { partiesOf } from './request/parties.ts'
import { read } from './request/read.ts'
import { actingFor, resolve } from './resolve.ts'
import type { Knock, Surface } from './route.ts'
import { openStory } from './story.ts'

/** The way of every model call through the gateway, whatever its surface. */
export async function serve(knock: Knock & { readonly endpoint: Surface }, house: House): Promise<Response> {
  const story = openStory(knock, house)
  let grant: Grant | undefined
  try {
    const knocker = await identify(knock, house) // who is asking, and may they knock here
    story.caller(knocker)
    const call = await read(knock, knocker, house) // what they ask, as bytes
    story.call(call)
    const caller = await actingFor(knock, call, knocker, house) // for which of their teams
    story.caller(caller)
    const parties = await partiesOf(knock, call, caller, house) // whom else it concerns: end user, tags, payers
    story.parties(parties)
    const route = resolve(call.model, caller, house) // which deployments may answer them
    grant = await admit({ call, caller, parties, route, house }) // limits and budgets, set aside
    story.granted(grant)
    const asked = { knock, call, grant, story, house }
    const pending = ask(asked) // the deployments, in order
      .then((answer) => respond({ ...asked, answer })) // settles when the last byte has left
    return await awaited(pending, asked) // with signs of life for whoever waits for a stream
  } catch (thrown) {
    const error = story.fail(thrown)
    const own = { ...grant?.headers }
    addKey(own, story.principal(), house)
    return refuse(error, knock, own)
  }
}
