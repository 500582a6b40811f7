import type { Json, JsonObject } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { bucketOf } from '../../../admission/scopes.ts'
import type { House } from '../../../house.ts'
import type { Stored } from '../../../store/aggregate.ts'
import type { Tag } from '../../../vocabulary/tenants.ts'
import { edited, fresh, notFound, record, type Who } from '../../desk.ts'
import type { Desk } from '../../row.ts'
import { id, invalid, text } from '../../shapes.ts'
import { termFields, withTerms } from '../../terms.ts'
import { patched, unserved } from '../fields.ts'
import { listed, pageFields, pageOf, usualList } from '../pages.ts'
import { checkBudgetId, moneyView, stamps } from '../views.ts'

const noRouting = 'is not supported: tags of deployments are set in model_list, litellm_params.tags'

export const tagShape = z.object({
  ...termFields,
  name: id,
  description: text.nullish(),
  models: unserved(noRouting),
  model_info: unserved(noRouting),
})
export const tagListQuery = z.object(pageFields)

const table = 'LiteLLM_TagTable'

type TagBody = z.infer<typeof tagShape>

function withTagBody(tag: Tag, body: TagBody): Tag {
  return withTerms(patched<Tag>(tag, { description: body.description }), body)
}

async function tagView(house: House, stored: Stored<Tag>): Promise<JsonObject> {
  const { value: tag } = stored
  const { terms, ...money } = await moneyView(house, bucketOf.tag(tag.id), tag)
  return {
    ...terms,
    ...money,
    name: tag.id,
    description: tag.description ?? null,
    models: tag.models,
    model_info: {},
    ...stamps(stored),
  }
}

export async function createTag(desk: Desk<TagBody, undefined>): Promise<JsonObject> {
  const { body, house } = desk
  const tag = withTagBody({ id: body.name, models: [] }, body)
  await checkBudgetId(house, tag)
  const stored = fresh(desk, tag)
  const { taken } = await house.store.tags.insert(stored)
  if (taken !== undefined) throw invalid('name', `Tag ${tag.id} already exists`)
  const view = await tagView(house, stored)
  await record(desk, { action: 'created', table, objectId: tag.id, after: view })
  return { message: `Tag ${tag.id} created successfully`, tag: view }
}

export async function updateTag(desk: Desk<TagBody, undefined>): Promise<JsonObject> {
  const { body, house } = desk
  const found = await house.store.tags.find(body.name)
  if (!found) throw unknownTag(body.name)
  await checkBudgetId(house, withTagBody(found.value, body))
  const before = await tagView(house, found)
  const after = await house.store.tags.change(body.name, (row) => edited(desk, row, withTagBody(row.value, body)))
  if (!after || 'taken' in after) throw unknownTag(body.name)
  const view = await tagView(house, after)
  await record(desk, { action: 'updated', table, objectId: body.name, before, after: view })
  return { message: `Tag ${body.name} updated successfully`, tag: view }
}

function unknownTag(name: string) {
  return notFound(`Tag ${name} not found`, 'name')
}

export async function deleteTag(who: Who, name: string): Promise<JsonObject> {
  const [gone] = await who.house.store.tags.remove([name])
  if (!gone) throw unknownTag(name)
  await record(who, { action: 'deleted', table, objectId: name, before: await tagView(who.house, gone) })
  return { message: `Tag ${name} deleted successfully` }
}

export async function tagInfo({ house }: Who, names: readonly string[]): Promise<JsonObject> {
  const rows = await house.store.tags.findMany(names)
  if (rows.length === 0) throw notFound(`No tags found: ${names.join(', ')}`, 'names')
  const views = rows.map(async (row) => [row.value.id, await tagView(house, row)] as const)
  return Object.fromEntries(await Promise.all(views))
}

export async function listTags(desk: Desk<undefined, z.infer<typeof tagListQuery>>): Promise<Response> {
  const { house, query } = desk
  const page = pageOf(query, usualList)
  const [rows, total] = await Promise.all([
    house.store.tags.list({ limit: page.limit, offset: page.offset }),
    house.store.tags.count({}),
  ])
  return listed(await Promise.all(rows.map((row): Promise<Json> => tagView(house, row))), total, page)
}
