import { type MeasureName, type Measures, noUsage, type Usage } from '../../vocabulary/usage.ts'

const buckets = [
  'input',
  'fresh',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'audioIn',
  'imageIn',
  'output',
  'reasoning',
  'audioOut',
] as const
const further = ['imageOut', 'cacheReadAudio', 'cacheReadImage'] as const

/** What several calls used together. It is counted by us as soon as one of them is; providers' own objects do not add up and are left out. */
export function sumUsage(parts: readonly Usage[]): Usage {
  const [only] = parts
  if (parts.length === 1 && only) return only
  const sum = (read: (usage: Usage) => number): number => parts.reduce((so, usage) => so + read(usage), 0)
  const told = further.filter((name) => parts.some((usage) => usage[name] !== undefined))
  const measures = addUp<MeasureName>(parts.map((usage) => usage.measures ?? {})) as Measures
  return {
    ...noUsage,
    ...Object.fromEntries(buckets.map((name) => [name, sum((usage) => usage[name])])),
    ...Object.fromEntries(told.map((name) => [name, sum((usage) => usage[name] ?? 0)])),
    ...(Object.keys(measures).length > 0 && { measures }),
    calls: addUp(parts.map(({ calls }) => calls)),
    source: parts.every(({ source }) => source === 'provider') ? 'provider' : 'counted',
  }
}

function addUp<K extends string>(parts: readonly Readonly<Partial<Record<K, number>>>[]): Readonly<Record<K, number>> {
  const out: Record<string, number> = {}
  for (const part of parts)
    for (const [name, amount] of Object.entries<number | undefined>(part)) out[name] = (out[name] ?? 0) + (amount ?? 0)
  return out as Record<K, number>
}
