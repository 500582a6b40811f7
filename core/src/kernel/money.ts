/** A rate: pico-dollars per unit, a whole number (37_500 is $0.0375 per million units). */
export type PicoUsdPerUnit = number & { readonly __unit: 'pico-usd-per-unit' }

/** An amount that is booked: nano-dollars, a whole number. A JS number holds nine million dollars of it exactly. */
export type NanoUsd = number & { readonly __unit: 'nano-usd' }

export const zeroUsd = 0 as NanoUsd

/** Dollars per unit, as price lists print it, to the nearest whole pico-dollar. */
export function picoUsd(usdPerUnit: number): PicoUsdPerUnit {
  return Math.round(usdPerUnit * 1e12) as PicoUsdPerUnit
}

/** Dollars to the nearest whole nano-dollar. */
export function nanoUsd(usd: number): NanoUsd {
  return Math.round(usd * 1e9) as NanoUsd
}

/** Nano-dollars as a decimal number of dollars, for output only. */
export function toUsd(amount: NanoUsd): number {
  return amount / 1e9
}

export function addUsd(a: NanoUsd, b: NanoUsd): NanoUsd {
  return (a + b) as NanoUsd
}

export function subtractUsd(a: NanoUsd, b: NanoUsd): NanoUsd {
  return (a - b) as NanoUsd
}

/** One term of a cost: so many units at a rate. */
export interface Term {
  readonly units: number
  readonly rate: PicoUsdPerUnit
}

/** Σ units × rate, in whole nano-dollars, rounded once (half away from zero). Exact: the sum is taken in big integers. */
export function sumTerms(terms: readonly Term[]): NanoUsd {
  let pico = 0
  for (const { units, rate } of terms) pico += units * rate
  if (Number.isSafeInteger(pico) && pico >= 0) return Math.round(pico / 1000) as NanoUsd
  let big = 0n
  for (const { units, rate } of terms) big += BigInt(Math.round(units)) * BigInt(rate)
  return Number((big + 500n) / 1000n) as NanoUsd
}
