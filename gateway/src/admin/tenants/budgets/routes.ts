import { z } from 'zod'
import type { Route } from '../../../pipeline/route.ts'
import { row } from '../../row.ts'
import { id } from '../../shapes.ts'
import {
  budgetInfo,
  budgetListQuery,
  budgetSettings,
  createBudget,
  deleteBudget,
  listBudgets,
  newBudgetShape,
  updateBudget,
  updateBudgetShape,
} from './budgets.ts'
import { createTag, deleteTag, listTags, tagInfo, tagListQuery, tagShape, updateTag } from './tags.ts'

const detail = true
const write = { groups: ['management_routes'], policy: 'admin', detail } as const
const read = { groups: ['management_routes', 'info_routes'], policy: 'read-all', detail } as const

export const budgetRoutes: readonly Route[] = [
  row({
    id: 'budget.new',
    at: 'POST /budget/new',
    ...write,
    summary: 'Makes a budget that several may refer to.',
    body: newBudgetShape,
    handle: createBudget,
  }),
  row({
    id: 'budget.update',
    at: 'POST /budget/update',
    ...write,
    summary: 'Changes a budget; fields that are not named stay.',
    body: updateBudgetShape,
    handle: updateBudget,
  }),
  row({
    id: 'budget.info',
    at: 'POST /budget/info',
    ...read,
    summary: 'Shows budgets.',
    body: z.object({ budgets: z.array(id).min(1).max(500) }),
    handle: (desk) => budgetInfo(desk, desk.body.budgets),
  }),
  row({
    id: 'budget.settings',
    at: 'GET /budget/settings',
    ...read,
    summary: 'Shows the fields of a budget with what they mean.',
    query: z.object({ budget_id: id }),
    handle: (desk) => budgetSettings(desk, desk.query.budget_id),
  }),
  row({
    id: 'budget.list',
    at: 'GET /budget/list',
    ...read,
    summary: 'Lists budgets.',
    query: budgetListQuery,
    handle: listBudgets,
  }),
  row({
    id: 'budget.delete',
    at: 'POST /budget/delete',
    ...write,
    summary: 'Deletes a budget that nobody refers to.',
    body: z.object({ id }),
    handle: (desk) => deleteBudget(desk, desk.body.id),
  }),
]

export const tagRoutes: readonly Route[] = [
  row({
    id: 'tag.new',
    at: 'POST /tag/new',
    ...write,
    summary: 'Sets down a tag with a budget or limits.',
    body: tagShape,
    handle: createTag,
  }),
  row({
    id: 'tag.update',
    at: 'POST /tag/update',
    ...write,
    summary: 'Changes a tag; fields that are not named stay.',
    body: tagShape,
    handle: updateTag,
  }),
  row({
    id: 'tag.delete',
    at: 'POST /tag/delete',
    ...write,
    summary: 'Deletes a tag.',
    body: z.object({ name: id }),
    handle: (desk) => deleteTag(desk, desk.body.name),
  }),
  row({
    id: 'tag.info',
    at: 'POST /tag/info',
    ...read,
    summary: 'Shows tags by name.',
    body: z.object({ names: z.array(id).min(1).max(500) }),
    handle: (desk) => tagInfo(desk, desk.body.names),
  }),
  row({
    id: 'tag.list',
    at: 'GET /tag/list',
    ...read,
    summary: 'Lists tags.',
    query: tagListQuery,
    handle: listTags,
  }),
]
