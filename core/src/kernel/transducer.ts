/**
 * A stream step as a plain value: what comes out for each thing put in, and what is left at the end.
 * It holds state, so one is made per stream; it never waits, so it tests without a stream.
 */
export interface Transducer<In, Out> {
  push(input: In): Iterable<Out>
  end(): Iterable<Out>
}

/** Runs a whole sequence through a transducer. */
export function run<In, Out>(transducer: Transducer<In, Out>, inputs: Iterable<In>): Out[] {
  const out: Out[] = []
  for (const input of inputs) out.push(...transducer.push(input))
  out.push(...transducer.end())
  return out
}

/** Two steps as one. */
export function chain<A, B, C>(first: Transducer<A, B>, second: Transducer<B, C>): Transducer<A, C> {
  return {
    push(input) {
      const out: C[] = []
      for (const middle of first.push(input)) out.push(...second.push(middle))
      return out
    },
    end() {
      const out: C[] = []
      for (const middle of first.end()) out.push(...second.push(middle))
      out.push(...second.end())
      return out
    },
  }
}
