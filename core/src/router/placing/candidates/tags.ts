import type { Deployment } from '../../deployment.ts'

interface Tagged {
  readonly deployment: Pick<Deployment, 'tags'>
}

export interface Tagging {
  readonly tags: readonly string[]
  /** whether one of the request's tags is enough */
  readonly matchAny: boolean
}

/**
 * The candidates that a request with these tags may go to (https://docs.litellm.ai/docs/proxy/tag_routing). `!tag` leaves out those
 * that bear it and `&tag` those that do not; plain tags go where they are borne, else to the `default` ones; without any, `default`
 * ones come before all others.
 */
export function byTags<T extends Tagged>(candidates: readonly T[], { tags, matchAny }: Tagging): readonly T[] {
  const plain = tags.filter((tag) => !/^[!&]/.test(tag))
  const never = named(tags, '!')
  const always = named(tags, '&')
  const open = candidates.filter(
    (one) => !never.some((tag) => bears(one, tag)) && always.every((tag) => bears(one, tag)),
  )
  const defaults = (among: readonly T[]) => among.filter((one) => bears(one, 'default'))
  if (plain.length > 0) {
    const match = open.filter((one) =>
      matchAny ? plain.some((tag) => bears(one, tag)) : plain.every((tag) => bears(one, tag)),
    )
    return match.length > 0 ? match : defaults(open)
  }
  if (always.length > 0) return open
  return defaults(candidates).length > 0 ? defaults(open) : open
}

function named(tags: readonly string[], mark: string): readonly string[] {
  return tags.filter((tag) => tag.startsWith(mark)).map((tag) => tag.slice(1))
}

function bears({ deployment }: Tagged, tag: string): boolean {
  return deployment.tags?.includes(tag) ?? false
}
