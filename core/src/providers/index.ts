import { chineseMakers } from './catalog/chinese-makers.ts'
import { frontier } from './catalog/frontier.ts'
import { gateways } from './catalog/gateways.ts'
import { hostsAToG } from './catalog/hosts-a-g.ts'
import { hostsHToZ } from './catalog/hosts-h-z.ts'
import { local } from './catalog/local.ts'
import { modelMakers } from './catalog/model-makers.ts'
import { moreHosts } from './catalog/more-hosts.ts'
import type { Provider } from './provider.ts'

/** The catalog: every provider under the prefix that names it in `prefix/model`. */
export const providers: ReadonlyMap<string, Provider> = new Map(
  [frontier, modelMakers, chineseMakers, hostsAToG, hostsHToZ, moreHosts, gateways, local]
    .flat()
    .map((provider) => [provider.name, provider]),
)

/** The row of a prefix; undefined when there is none. */
export function findProvider(name: string): Provider | undefined {
  return providers.get(name)
}
