import { z } from 'zod'
import type { Route } from '../../../pipeline/route.ts'
import { row } from '../../row.ts'
import { id } from '../../shapes.ts'
import {
  createCustomer,
  customerIds,
  customerInfo,
  customerListQuery,
  customerShape,
  deleteCustomers,
  listCustomers,
  setBlocked,
  updateCustomer,
} from './customers.ts'

const write = { groups: ['management_routes'], policy: 'admin' } as const
const read = { groups: ['management_routes', 'info_routes'], policy: 'read-all' } as const

export const customerRoutes: readonly Route[] = [
  row({
    id: 'customer.new',
    at: 'POST /customer/new',
    aliases: ['/end_user/new'],
    ...write,
    summary: 'Sets down a customer with a budget or limits.',
    body: customerShape,
    handle: createCustomer,
  }),
  row({
    id: 'customer.update',
    at: 'POST /customer/update',
    aliases: ['/end_user/update'],
    ...write,
    summary: 'Changes a customer; fields that are not named stay.',
    body: customerShape,
    handle: updateCustomer,
  }),
  row({
    id: 'customer.delete',
    at: 'POST /customer/delete',
    aliases: ['/end_user/delete'],
    ...write,
    summary: 'Deletes customers.',
    body: customerIds,
    handle: (desk) => deleteCustomers(desk, desk.body.user_ids),
  }),
  row({
    id: 'customer.info',
    at: 'GET /customer/info',
    aliases: ['/end_user/info'],
    ...read,
    summary: 'Shows a customer and what they have spent.',
    query: z.object({ end_user_id: id }),
    handle: (desk) => customerInfo(desk, desk.query.end_user_id),
  }),
  row({
    id: 'customer.list',
    at: 'GET /customer/list',
    aliases: ['/end_user/list'],
    ...read,
    summary: 'Lists customers.',
    query: customerListQuery,
    handle: listCustomers,
  }),
  row({
    id: 'customer.block',
    at: 'POST /customer/block',
    aliases: ['/end_user/block'],
    ...write,
    detail: true,
    summary: 'Refuses requests that name these customers.',
    body: customerIds,
    handle: (desk) => setBlocked(desk, desk.body.user_ids, true),
  }),
  row({
    id: 'customer.unblock',
    at: 'POST /customer/unblock',
    aliases: ['/end_user/unblock'],
    ...write,
    detail: true,
    summary: 'Lets requests that name these customers through again.',
    body: customerIds,
    handle: (desk) => setBlocked(desk, desk.body.user_ids, false),
  }),
]
