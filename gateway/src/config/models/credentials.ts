import { asObject, type JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Complaint, Locate } from '../document.ts'
import { type Section, sectionOf } from '../section.ts'

/** Parameters under a name, which models refer to with `litellm_credential_name`. */
export interface Credential {
  readonly name: string
  readonly values: JsonObject
  readonly about: JsonObject
}

/** Reads `credential_list` of config.yaml (https://docs.litellm.ai/docs/proxy/configs). */
export function readCredentials(list: unknown, locate: Locate, complaints: Complaint[]): readonly Credential[] {
  const found: Credential[] = []
  const top = sectionOf({ credential_list: list }, [], locate, complaints)
  for (const item of top.items('credential_list')) {
    item.only(['credential_name', 'credential_values', 'credential_info'])
    const name = item.text('credential_name')
    const values = mappingOf(item, 'credential_values')
    if (name === undefined || name === '') item.complain('credential_name', 'is missing: it is what models refer to')
    else if (found.some((one) => one.name === name)) item.complain('credential_name', `\`${name}\` stands here twice`)
    else if (values === undefined)
      item.complain(
        'credential_values',
        `of \`${name}\` is missing: give the parameters that it stands for, such as api_key`,
      )
    else found.push({ name, values, about: mappingOf(item, 'credential_info') ?? {} })
  }
  return found
}

function mappingOf(item: Section, key: string): JsonObject | undefined {
  return item.inner(key) === undefined ? undefined : asObject(item.raw(key))
}

/** The parameters of a model with those of its credential under them: what the model says itself holds. */
export function merged({ litellm_credential_name: _, ...own }: JsonObject, credential: JsonObject): JsonObject {
  const said = Object.entries(own).filter(([, value]) => value !== undefined && value !== null)
  return { ...own, ...credential, ...Object.fromEntries(said) }
}
