import { GatewayError } from '../kernel/faults.ts'
import { isBoundTo } from './hosts.ts'

const hidden = '[secret]'

/**
 * A credential that shows itself to nobody by accident: printed, logged, inspected or made JSON it is `[secret]`. It is bound to
 * its hosts: `Secret.for` refuses every other one. An empty list binds it to none.
 */
export class Secret {
  readonly #value: string
  readonly #hosts: readonly string[]

  /** `boundTo` lists hosts as `URL.host` writes them; `*` stands for one label, a lone `*` for any host. */
  constructor(value: string, boundTo: readonly string[] = []) {
    this.#value = value.trim()
    this.#hosts = boundTo
  }

  /** The plain value. For whoever stores or compares it; whoever sends it asks `for`. */
  reveal(): string {
    return this.#value
  }

  /** The plain value for a request to `url`; throws `misconfigured` when that is another host than the credential's own. */
  for(url: URL): string {
    if (!isBoundTo(url.host, this.#hosts))
      throw new GatewayError(
        'misconfigured',
        `A credential is bound to its host: this one belongs to ${this.#hosts.join(', ') || 'no host'} and is never sent to ${url.host}. Give the deployment an api_key of its own.`,
      )
    if (!/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(this.#value))
      throw new GatewayError(
        'misconfigured',
        `The credential for ${url.host} cannot be a header's value: it is empty or has characters other than printable ASCII.`,
      )
    return this.#value
  }

  /** The same credential for other hosts. */
  bound(hosts: readonly string[]): Secret {
    return new Secret(this.#value, hosts)
  }

  toString(): string {
    return hidden
  }

  toJSON(): string {
    return hidden
  }

  // what Node and Bun print for console.log and error messages
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return hidden
  }
}
