import type { PicoUsdPerUnit } from 'turnpike-core/internal/kernel/money'
import type { Price } from 'turnpike-core/internal/models/price'

/** A price as LiteLLM's `model_info` shows it: dollars per token; null where it is unknown, never zero. */
export function toUsdPerToken(price: Price | undefined) {
  const usd = (rate: PicoUsdPerUnit | undefined) => (rate === undefined ? null : rate / 1e12)
  return {
    input_cost_per_token: usd(price?.rates.input),
    output_cost_per_token: usd(price?.rates.output),
    cache_read_input_token_cost: usd(price?.rates.cacheRead),
    cache_creation_input_token_cost: usd(price?.rates.cacheWrite5m),
  }
}
