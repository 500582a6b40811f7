import type { Access } from '../access/access.ts'
import type { Live } from '../live.ts'
import { type News, newsTopic, type Piece, pieceOf } from '../news.ts'
import type { Models } from '../registry/models.ts'
import type { Shared } from '../shared/shared.ts'

interface NewsPorts {
  readonly shared: Shared
  readonly access: Access
  readonly models: Pick<Models, 'reload'>
  readonly live: Pick<Live, 'reload'>
  readonly log: (line: string) => void
}

/** News between replicas: what is told here is heard here at once, and elsewhere as soon as the bus carries it. */
export function openNews({ shared, access, models, live, log }: NewsPorts): News & { close(): void } {
  async function hear(piece: Piece): Promise<void> {
    if (piece.what === 'key') access.forgetKey(piece.hash)
    else if (piece.what === 'models') await models.reload()
    else if (piece.what === 'tenants') access.forgetTenants()
    else await live.reload()
  }

  function tell(piece: Piece): Promise<void> {
    const heard = hear(piece)
    shared.publish(newsTopic, JSON.stringify(piece))
    return heard
  }

  const stop = shared.subscribe(newsTopic, (message) => {
    const piece = pieceOf(message)
    if (piece)
      hear(piece).catch((thrown: unknown) =>
        log(`error: a change could not be taken over: ${thrown instanceof Error ? thrown.message : String(thrown)}`),
      )
  })

  return {
    key: (hash) => void tell({ what: 'key', hash }),
    tenants: () => void tell({ what: 'tenants' }),
    models: () => tell({ what: 'models' }),
    settings: () => void tell({ what: 'settings' }),
    close: stop,
  }
}
