const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)

function respelt(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? JSON.stringify(value) : undefined
  } catch {
    return undefined
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

/** Whether a text stands in written JSON: as it is, as the JSON value it spells, or as a file of its bytes. */
export function isOnWire(wire: string, text: string): boolean {
  if (wire.includes(escaped(text))) return true
  const value = respelt(text)
  return (value !== undefined && wire.includes(value)) || wire.includes(base64(text))
}
