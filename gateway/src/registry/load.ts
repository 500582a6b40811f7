import { GatewayError, isGatewayError } from 'turnpike-core/internal/kernel/faults'
import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import type { ModelEntry } from 'turnpike-core/internal/router/model-list/entry'
import type { Variables } from '../config/environment.ts'
import type { Credential } from '../config/models/credentials.ts'
import type { Sealing } from '../sealing/sealing.ts'
import type { Aggregate } from '../store/aggregate.ts'
import type { Store, StoredModel } from '../store/store.ts'
import { assemble } from './assemble.ts'
import type { BrokenModel } from './models.ts'

/** What stored models are read with. */
export interface LoadPorts {
  readonly store: Pick<Store, 'models' | 'credentials'>
  readonly sealing: Sealing
  /** `credential_list` of the configuration: it wins over a stored one of the same name */
  readonly credentials: readonly Credential[]
  readonly environment: Variables
  /** parameters of every model that does not say them itself */
  readonly defaults: JsonObject
}

export interface Loaded {
  readonly added: readonly ModelEntry[]
  readonly broken: readonly BrokenModel[]
}

const rowsAtOnce = 500

/** Why a model is not served that somebody took out of service. */
export const blocked = 'It is blocked: put it back with /model/unblock.'

/** Reads every stored model and tries it. One that is blocked or cannot work is kept aside with why; `taken` are the ids of the configuration. */
export async function loadModels(ports: LoadPorts, taken: ReadonlySet<string>): Promise<Loaded> {
  const credentials = new Map<string, JsonObject>()
  for await (const { id, values } of everyRow(ports.store.credentials)) credentials.set(id, values)
  for (const { name, values } of ports.credentials) credentials.set(name, values)
  const added: ModelEntry[] = []
  const broken: BrokenModel[] = []
  for await (const model of everyRow(ports.store.models)) {
    if (model.blocked) {
      broken.push({ id: model.id, name: model.name, why: blocked })
      continue
    }
    try {
      if (taken.has(model.id)) throw takenById(model)
      added.push(assemble(model, { ...ports, credential: (name) => credentials.get(name) }).entry)
    } catch (thrown) {
      broken.push({ id: model.id, name: model.name, why: whyOf(thrown) })
    }
  }
  return { added, broken }
}

function takenById({ id }: StoredModel): GatewayError {
  return new GatewayError('misconfigured', `The configuration has a model with the id ${id}, which wins over this one.`)
}

/** Only our own words: what a parser says may quote what it read. */
function whyOf(thrown: unknown): string {
  return isGatewayError(thrown) ? thrown.message : 'The stored entry cannot be read.'
}

/** Every row of a kind in the order of the ids, a page at a time. */
export async function* everyRow<T extends { readonly id: string }>(
  rows: Pick<Aggregate<T>, 'list'>,
): AsyncGenerator<T> {
  let after: string | undefined
  for (;;) {
    const page = await rows.list({ limit: rowsAtOnce, ...(after !== undefined && { after }) })
    for (const { value } of page) yield value
    after = page.at(-1)?.value.id
    if (page.length < rowsAtOnce) return
  }
}
