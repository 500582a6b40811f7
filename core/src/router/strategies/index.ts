import { GatewayError } from '../../kernel/faults.ts'
import type { RouterSettings } from '../deployment.ts'
import { costBasedRouting } from './cost-based-routing.ts'
import { latencyBasedRouting } from './latency-based-routing.ts'
import { leastBusy } from './least-busy.ts'
import { powerOfTwo } from './power-of-two.ts'
import { rateLimitAware } from './rate-limit-aware.ts'
import { simpleShuffle } from './simple-shuffle.ts'
import type { Strategy } from './strategy.ts'
import { usageBasedRouting, usageBasedRoutingV2 } from './usage-based-routing.ts'

const strategies: Readonly<Record<string, (settings: RouterSettings) => Strategy>> = {
  'simple-shuffle': () => simpleShuffle,
  'least-busy': () => leastBusy,
  'usage-based-routing': () => usageBasedRouting,
  'usage-based-routing-v2': () => usageBasedRoutingV2,
  'latency-based-routing': (settings) => latencyBasedRouting(settings.strategyArgs?.lowestLatencyBuffer ?? 0),
  'cost-based-routing': () => costBasedRouting,
  'rate-limit-aware': () => rateLimitAware,
  'power-of-two': () => powerOfTwo,
}

export const strategyNames: readonly string[] = Object.keys(strategies)

/** The strategy of the settings. Throws `misconfigured` with the names there are. */
export function strategyFor(settings: RouterSettings): Strategy {
  const make = Object.hasOwn(strategies, settings.strategy) ? strategies[settings.strategy] : undefined
  if (!make)
    throw new GatewayError(
      'misconfigured',
      `The routing strategy \`${settings.strategy}\` is not known; there are ${strategyNames.join(', ')}.`,
    )
  return make(settings)
}
