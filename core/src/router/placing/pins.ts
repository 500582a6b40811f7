/** Which deployment a name belongs to: a bounded memory that forgets what was not used for a while. */
export interface Pins {
  /** the deployment's id; asking for it counts as use */
  get(name: string): string | undefined
  set(name: string, deployment: string): void
}

export interface PinLimits {
  /** milliseconds without use after which a name is forgotten */
  readonly ttlMs: number
  /** names at the most: the one that was not used for longest makes room */
  readonly most: number
}

interface Pin {
  readonly deployment: string
  readonly until: number
}

export function createPins({ ttlMs, most }: PinLimits, now: () => number): Pins {
  // in the order of their last use
  const pins = new Map<string, Pin>()

  function set(name: string, deployment: string): void {
    pins.delete(name)
    pins.set(name, { deployment, until: now() + ttlMs })
    if (pins.size <= most) return
    for (const oldest of pins.keys()) return void pins.delete(oldest)
  }

  return {
    set,
    get(name) {
      const pin = pins.get(name)
      if (!pin) return undefined
      if (pin.until <= now()) {
        pins.delete(name)
        return undefined
      }
      set(name, pin.deployment)
      return pin.deployment
    },
  }
}
