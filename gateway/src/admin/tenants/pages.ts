import type { Json } from 'turnpike-core/internal/kernel/json'
import { z } from 'zod'
import { page, pageSize } from '../shapes.ts'

/** Where in a list to begin, and how much of it to show. */
export interface Page {
  readonly page: number
  readonly limit: number
  readonly offset: number
}

export const pageFields = { page, page_size: pageSize } as const
export const sortOrder = z.enum(['asc', 'desc']).optional()

export function pageOf(
  query: { readonly page?: number | undefined; readonly page_size?: number | undefined },
  usual: number,
): Page {
  const [number, limit] = [query.page ?? 1, query.page_size ?? usual]
  return { page: number, limit, offset: (number - 1) * limit }
}

export function pageCount(total: number, { limit }: Page): number {
  return Math.ceil(total / limit)
}

/** Rows that LiteLLM lists without pages: a page of them, with a header that says whether there are more. */
export function listed(rows: readonly Json[], total: number, { offset, limit }: Page): Response {
  return Response.json(rows, { headers: offset + limit < total ? { 'x-turnpike-more': 'true' } : {} })
}

/** How many rows a list without pages shows at once. */
export const usualList = 100
