import type { Dialect } from '../../tables.ts'

/** Pieces of SQL that each database says in its own way. What they make was released and must stay as it is. */
export interface Pieces {
  /** nano-dollars as dollars */
  usd(amount: string): string
  /** milliseconds since 1970 as a moment */
  time(millis: string): string
  /** milliseconds since 1970 as the UTC date, `2026-11-22` */
  date(millis: string): string
  /** the date of a moment that `time` made */
  dateOf(time: string): string
  /** a member of a document, as text, number, truth, JSON */
  text(document: string, member: string): string
  whole(document: string, member: string): string
  flag(document: string, member: string): string
  json(document: string, member: string, otherwise: string): string
  /** a list of texts in a document */
  list(document: string, member: string): string
  /** a list of models: empty there means all, and one that says all is empty */
  models(document: string): string
  /** budgets of single models, in dollars */
  modelBudgets(document: string): string
  emptyList: string
  /** a JSON value out of a column of text */
  jsonOf(column: string): string
  object(members: Readonly<Record<string, string>>): string
  literal(json: string): string
  /** a column that is there and says nothing */
  nothing(type: 'text' | 'bigint' | 'time' | 'json' | 'float'): string
  no: string
  /** thirty days before today */
  since: string
  /** a source of rows beside another, so that nobody can write through the view */
  sealed: string
  /** a table of the texts in a column of JSON, as `name.value` */
  each(column: string, name: string): string
}

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`

const postgres: Pieces = {
  usd: (amount) => `(${amount})::float8 / 1e9`,
  time: (millis) => `to_timestamp((${millis}) / 1000.0)`,
  date: (millis) => `to_char(to_timestamp((${millis}) / 1000.0) at time zone 'UTC', 'YYYY-MM-DD')`,
  dateOf: (time) => `(${time} at time zone 'UTC')::date`,
  text: (document, member) => `(${document}::jsonb ->> ${quote(member)})`,
  whole: (document, member) => `(${document}::jsonb ->> ${quote(member)})::bigint`,
  flag: (document, member) => `coalesce((${document}::jsonb ->> ${quote(member)})::boolean, false)`,
  json: (document, member, otherwise) => `coalesce(${document}::jsonb -> ${quote(member)}, ${quote(otherwise)}::jsonb)`,
  list: (document, member) =>
    `array(select jsonb_array_elements_text(coalesce(${document}::jsonb -> ${quote(member)}, '[]'::jsonb)))`,
  models: (document) =>
    `case ${document}::jsonb -> 'models' when '["all-proxy-models"]'::jsonb then '{}'::text[] when '[]'::jsonb then '{no-default-models}'::text[] else ${postgres.list(document, 'models')} end`,
  modelBudgets: (document) =>
    `coalesce((select jsonb_object_agg(each.key, jsonb_build_object('budget_limit', (each.value ->> 'maxBudget')::float8 / 1e9, 'time_period', each.value ->> 'duration')) from jsonb_each(${document}::jsonb -> 'modelMaxBudget') each), '{}'::jsonb)`,
  emptyList: `'{}'::text[]`,
  jsonOf: (column) => `${column}::jsonb`,
  object: (members) =>
    `jsonb_build_object(${Object.entries(members)
      .map(([name, value]) => `${quote(name)}, ${value}`)
      .join(', ')})`,
  literal: (json) => `${quote(json)}::jsonb`,
  nothing: (type) =>
    `null::${{ text: 'text', bigint: 'bigint', time: 'timestamptz', json: 'jsonb', float: 'float8' }[type]}`,
  no: 'false',
  since: `((current_timestamp at time zone 'UTC')::date - 30) at time zone 'UTC'`,
  sealed: 'cross join (values (1)) as only_read (one)',
  each: (column, name) => `jsonb_array_elements_text(${column}) as ${name} (value)`,
}

const sqlite: Pieces = {
  usd: (amount) => `(${amount}) / 1e9`,
  time: (millis) => `strftime('%Y-%m-%dT%H:%M:%fZ', (${millis}) / 1000.0, 'unixepoch')`,
  date: (millis) => `strftime('%Y-%m-%d', (${millis}) / 1000, 'unixepoch')`,
  dateOf: (time) => `substr(${time}, 1, 10)`,
  text: (document, member) => `json_extract(${document}, '$.${member}')`,
  whole: (document, member) => `json_extract(${document}, '$.${member}')`,
  flag: (document, member) => `coalesce(json_extract(${document}, '$.${member}'), 0)`,
  json: (document, member, otherwise) => `coalesce(json_extract(${document}, '$.${member}'), ${quote(otherwise)})`,
  list: (document, member) => `coalesce(json_extract(${document}, '$.${member}'), '[]')`,
  models: (document) =>
    `case json_extract(${document}, '$.models') when '["all-proxy-models"]' then '[]' when '[]' then '["no-default-models"]' else ${sqlite.list(document, 'models')} end`,
  modelBudgets: (document) =>
    `(select json_group_object(each.key, json_object('budget_limit', json_extract(each.value, '$.maxBudget') / 1e9, 'time_period', json_extract(each.value, '$.duration'))) from json_each(${document}, '$.modelMaxBudget') each)`,
  emptyList: `'[]'`,
  jsonOf: (column) => column,
  object: (members) =>
    `json_object(${Object.entries(members)
      .map(([name, value]) => `${quote(name)}, ${value}`)
      .join(', ')})`,
  literal: (json) => quote(json),
  nothing: () => 'null',
  no: '0',
  since: `strftime('%Y-%m-%dT00:00:00.000Z', 'now', '-30 days')`,
  sealed: '',
  each: (column, name) => `json_each(${column}) as ${name}`,
}

export const piecesOf: { readonly [D in Dialect]: Pieces } = { sqlite, postgres }
