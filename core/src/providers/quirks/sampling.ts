import { asNumber } from '../../kernel/json.ts'
import type { Quirk } from '../provider.ts'
import { withField } from './walk.ts'

/** Raises a temperature too low for several answers. */
export function temperatureForMany(least: number): Quirk {
  return {
    kind: 'rewrite',
    touches: ['n'],
    why: `gives several answers only from a temperature of ${least} on`,
    body: (body) => {
      const [n = 1, temperature = least] = [asNumber(body.n), asNumber(body.temperature)]
      return n > 1 && temperature < least ? { ...body, temperature: least } : body
    },
  }
}

/** Writes a service tier that the vendor does not know as `auto`. */
export function serviceTiers(...known: readonly string[]): Quirk {
  return {
    kind: 'rewrite',
    touches: ['service_tier'],
    why: `knows the service tiers ${known.join(', ')}`,
    body: (body) => {
      const tier = body.service_tier
      return typeof tier !== 'string' || known.includes(tier) ? body : withField(body, 'service_tier', 'auto')
    },
  }
}
