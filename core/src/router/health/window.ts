/** The newest samples of a measure, as many as it holds and no older than it reaches, with their mean. */
export class Window {
  readonly #values: Float64Array
  readonly #times: Float64Array
  readonly #reachMs: number
  #next = 0
  #count = 0
  #mean = 0

  constructor(size: number, reachMs: number) {
    const places = Math.max(1, Math.floor(size))
    this.#values = new Float64Array(places)
    this.#times = new Float64Array(places)
    this.#reachMs = reachMs
  }

  add(value: number, at: number): void {
    this.#values[this.#next] = value
    this.#times[this.#next] = at
    this.#next = (this.#next + 1) % this.#values.length
    if (this.#count < this.#values.length) this.#count++
    this.#sum()
  }

  /** the mean of what is no older than the window reaches; undefined when nothing is left */
  mean(at: number): number | undefined {
    const before = this.#count
    while (this.#count > 0 && at - (this.#times[this.#oldest()] ?? 0) > this.#reachMs) this.#count--
    if (this.#count === 0) return undefined
    if (this.#count !== before) this.#sum()
    return this.#mean
  }

  /** what counts in the mean, newest last */
  values(at: number): readonly number[] {
    this.mean(at)
    const from = this.#oldest()
    return Array.from({ length: this.#count }, (_, place) => this.#values[(from + place) % this.#values.length] ?? 0)
  }

  #oldest(): number {
    return (this.#next - this.#count + this.#values.length) % this.#values.length
  }

  #sum(): void {
    let sum = 0
    const from = this.#oldest()
    for (let place = 0; place < this.#count; place++) sum += this.#values[(from + place) % this.#values.length] ?? 0
    this.#mean = sum / this.#count
  }
}
