import { GatewayError } from '../../kernel/faults.ts'
import type { RouterSettings } from '../deployment.ts'
import { latencyBasedRouting } from './latency-based-routing.ts'
import { simpleShuffle } from './simple-shuffle.ts'
import type { Strategy } from './strategy.ts'

const strategies: Readonly<Record<string, (settings: RouterSettings) => Strategy>> = {
  'simple-shuffle': () => simpleShuffle,
  'latency-based-routing': (settings) => latencyBasedRouting(settings.strategyArgs?.lowestLatencyBuffer ?? 0),
}

export const strategyNames: readonly string[] = Object.keys(strategies)

/** The strategy of the settings. Throws `misconfigured` with the names there are. */
export function strategyFor(settings: RouterSettings): Strategy {
  const make = strategies[settings.strategy]
  if (!make)
    throw new GatewayError(
      'misconfigured',
      `The routing strategy \`${settings.strategy}\` is not known; there are ${strategyNames.join(', ')}.`,
    )
  return make(settings)
}
