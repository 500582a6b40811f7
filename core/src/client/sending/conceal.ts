/** Takes a call's credentials out of what its provider says: some repeat the key that they refuse. */
export interface Conceal {
  /** what is taken out; never to be shown */
  readonly secrets: readonly string[]
  text(text: string): string
  bytes(bytes: Uint8Array): Uint8Array
  headers(headers: Headers): Headers
}

/** Names of headers and query parameters whose values are credentials, those that an operator added included. */
const secretName = /^(?:proxy-)?authorization$|^cookie$|^sig$|key|token|secret|password|credential/i
const shown = '[secret]'
/** Shorter ones would blot out ordinary words. */
const shortest = 6

/** For one call, by the URL and the headers that it was sent with. */
export function concealing(sent: {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}): Conceal {
  const query = new URLSearchParams(sent.url.slice(sent.url.indexOf('?') + 1))
  const secrets = [...Object.entries(sent.headers), ...query]
    .filter(([name]) => secretName.test(name))
    .map(([, value]) => value.replace(/^(?:bearer|basic) +/i, ''))
    .filter((value) => value.length >= shortest)
  const text = (given: string): string => secrets.reduce((so, secret) => so.replaceAll(secret, shown), given)
  return {
    secrets,
    text,
    bytes(given) {
      const before = new TextDecoder().decode(given)
      const after = text(before)
      return after === before ? given : new TextEncoder().encode(after)
    },
    headers(given) {
      const out = new Headers()
      given.forEach((value, name) => void out.append(name, text(value)))
      return out
    },
  }
}
