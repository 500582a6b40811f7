import type { JsonObject } from 'turnpike-core/internal/kernel/json'
import { bucketOf } from '../../admission/scopes.ts'
import type { VirtualKey } from '../../vocabulary/principal.ts'
import { bring, type Thing } from '../bring.ts'
import { flag, modelsOf, moment, object, saysNothing, stored, text, textMap, texts } from '../columns.ts'
import { partsOf, together } from '../fields.ts'
import type { Move } from '../move.ts'
import type { Tally } from '../report.ts'
import type { SourceRow } from '../source.ts'
import { spentOf } from '../spend.ts'
import { withTermsOf } from '../terms.ts'

/** The team that LiteLLM puts the sessions of its dashboard in. */
const dashboardTeam = 'litellm-dashboard'
const sha256 = /^[0-9a-f]{64}$/

/** Virtual keys, by the hashes of their secrets: clients go on with what they have. */
export async function importKeys(move: Move): Promise<void> {
  const tally = move.tally('keys')
  const link = { table: 'LiteLLM_BudgetTable', key: 'budget_id', by: 'budget_id' }
  for await (const rows of move.source.pages({ table: 'LiteLLM_VerificationToken', key: ['token'], link })) {
    tally.add({ found: rows.length })
    await bring(
      move,
      {
        kind: 'keys',
        rows: move.store.keys,
        id: ({ hash }) => hash,
        without({ alias: _, ...key }, column) {
          return column === 'alias' ? key : undefined
        },
      },
      rows.flatMap((row) => keyOf(row, tally, move.now) ?? []),
    )
  }
}

function keyOf({ row, linked }: SourceRow, tally: Tally, now: number): Thing<VirtualKey> | undefined {
  const hash = String(row.token)
  const skip = (reason: string) => void tally.skip(reason, hash)
  // an unhashed token would be a secret: its name is all that may be told
  if (!sha256.test(hash)) return void tally.skip('its token is no SHA-256', text(row, 'key_name') ?? 'without a name')
  if (row.team_id === dashboardTeam) return skip("it is a session of LiteLLM's dashboard")
  if (row.expires !== undefined && row.expires !== null && moment(row, 'expires') === undefined)
    return skip('its end cannot be read')
  const { notes, fields } = partsOf(row, { tally, id: hash, taken: ['enforced_params', 'tags'] })
  const expiresAt = moment(row, 'expires')
  const names = present({
    alias: text(row, 'key_alias'),
    userId: text(row, 'user_id'),
    teamId: text(row, 'team_id'),
    organizationId: text(row, 'organization_id'),
  })
  const tags = texts(fields, 'tags')
  const permissions = object(row, 'permissions')
  const key: VirtualKey = {
    hash,
    name: text(row, 'key_name') ?? 'sk-...',
    ...names,
    models: modelsOf(row),
    aliases: textMap(row, 'aliases'),
    ...(expiresAt !== undefined && { expiresAt }),
    blocked: flag(row, 'blocked'),
    allowedRoutes: texts(row, 'allowed_routes'),
    allowedIps: [],
    enforcedParams: texts(fields, 'enforced_params'),
    metadata: { ...notes, ...(tags.length > 0 && { tags }), ...(!saysNothing(permissions) && { permissions }) },
    tags,
    createdAt: moment(row, 'created_at') ?? now,
  }
  const value = withTermsOf(key, termsOf(row, fields), { tally, id: hash })
  return { stored: stored(value, row, now), spend: spentOf(bucketOf.api_key(hash), row, [row, linked]) }
}

function termsOf(row: JsonObject, fields: JsonObject): JsonObject {
  const { enforced_params: _, tags: __, ...terms } = fields
  return together(row, terms)
}

type Names = 'alias' | 'userId' | 'teamId' | 'organizationId'

function present(names: { readonly [N in Names]: string | undefined }): { readonly [N in Names]?: string } {
  return Object.fromEntries(Object.entries(names).filter(([, name]) => name !== undefined))
}
