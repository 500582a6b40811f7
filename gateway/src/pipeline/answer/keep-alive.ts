import type { Group } from 'turnpike-core/internal/router/pool'

/** Silence after which a stream's caller hears a sign of life: proxies and clients cut what is quiet for a minute. */
const usualMs = 15_000

/** Milliseconds of silence that a group's streams may have; undefined where signs of life are turned off. */
export function keepAliveMs({ deployments }: Pick<Group, 'deployments'>): number | undefined {
  const said = deployments.map(({ settings }) => settings?.keepAliveMs).find((ms) => ms !== undefined) ?? usualMs
  return said > 0 ? said : undefined
}

/** Calls `beat` whenever nothing was heard for so long. */
export interface Heartbeat {
  heard(): void
  stop(): void
}

const still: Heartbeat = { heard: () => {}, stop: () => {} }

export function heartbeat(given: number | undefined, beat: () => void): Heartbeat {
  if (given === undefined) return still
  const ms = given
  let last = performance.now()
  let timer = wait(ms)
  // an answer that nobody takes keeps no process alive
  function wait(left: number): ReturnType<typeof setTimeout> {
    const made = setTimeout(look, left)
    made.unref?.()
    return made
  }
  function look(): void {
    if (performance.now() - last >= ms - 1) {
      beat()
      last = performance.now()
    }
    timer = wait(Math.max(1, ms - (performance.now() - last)))
  }
  return {
    heard: () => void (last = performance.now()),
    stop: () => clearTimeout(timer),
  }
}
