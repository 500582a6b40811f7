import { isArray, isObject, type Json, type JsonObject } from 'turnpike-core/internal/kernel/json'
import type { Sealing } from '../sealing/sealing.ts'

/** What stands in an answer where a secret is; sent back, it means the secret that is stored. */
export const mask = '********'

const secretName = /key|token|secret|passw|pwd|credential|auth|cookie|bearer|signature|private/i

/** Named like secrets and none. */
const plainNames = new Set([
  'litellm_credential_name',
  'configurable_clientside_auth_params',
  'custom_tokenizer',
  // of model_info: under which name the model is priced
  'key',
])

/** Members whose content is secret whatever it is called: a header may bear any name. */
const secretWhole = new Set(['headers', 'extra_headers'])

/** Whether a member of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return secretWhole.has(name) || (secretName.test(name) && !plainNames.has(name))
}

/** Credentials bear names that we do not know all of: everything in them is secret but these. */
const plainValues = new Set([
  'api_base',
  'base_url',
  'api_version',
  'organization',
  'custom_llm_provider',
  'region_name',
  'aws_region_name',
  'aws_session_name',
  'aws_role_name',
  'vertex_project',
  'vertex_location',
  'watsonx_region_name',
  'account',
  'workspace',
  'resource',
])

/** Which members of an object are secret. */
export type IsSecret = (name: string) => boolean

export const isSecretValue: IsSecret = (name) => !plainValues.has(name)

const reference = /^os\.environ\/(\w+)$/

/** The variable that a value refers to; a reference is no secret, and is resolved where models are loaded. */
export function variableOf(value: unknown): string | undefined {
  return typeof value === 'string' ? reference.exec(value)?.[1] : undefined
}

/** Every text of a value, changed: `secret` says whether it stands under a secret name. */
export function mapTexts(
  value: Json,
  change: (text: string, secret: boolean) => Json,
  isSecret: IsSecret = isSecretName,
): Json {
  const walk = (node: Json, secret: boolean): Json => {
    if (typeof node === 'string') return change(node, secret)
    if (isArray(node)) return node.map((item) => walk(item, secret))
    if (!isObject(node)) return node
    return Object.fromEntries(
      Object.entries(node).flatMap(([name, member]) =>
        member === undefined ? [] : [[name, walk(member, secret || isSecret(name))]],
      ),
    )
  }
  return walk(value, false)
}

function ofObject(
  object: JsonObject,
  change: (text: string, secret: boolean) => Json,
  isSecret?: IsSecret,
): JsonObject {
  return mapTexts(object, change, isSecret) as JsonObject
}

/** The same with its secrets sealed. */
export function sealed(object: JsonObject, sealing: Sealing, isSecret?: IsSecret): JsonObject {
  return ofObject(
    object,
    (text, secret) => (secret && variableOf(text) === undefined && text !== '' ? sealing.seal(text) : text),
    isSecret,
  )
}

/** The same with its secrets open. Throws `misconfigured` where one cannot be opened. */
export function opened(object: JsonObject, sealing: Sealing): JsonObject {
  return ofObject(object, (text) => (sealing.isSealed(text) ? sealing.open(text) : text))
}

/** The same for people: secrets masked, and what a URL may hide. */
export function masked(object: JsonObject, sealing: Sealing, isSecret?: IsSecret): JsonObject {
  return ofObject(
    object,
    (text, secret) => {
      if (sealing.isSealed(text)) return mask
      return secret && text !== '' && variableOf(text) === undefined ? mask : withoutLogin(text)
    },
    isSecret,
  )
}

function withoutLogin(text: string): string {
  return /^\w+:\/\//.test(text) ? text.replace(/\/\/[^/@]*@/, `//${mask}@`).replace(/\?.*$/s, `?${mask}`) : text
}

/** Whether some text of a value is so. */
export function someText(value: Json, is: (text: string) => boolean): boolean {
  let found = false
  mapTexts(value, (text) => {
    found ||= is(text)
    return text
  })
  return found
}
