import { existsSync, readFileSync } from 'node:fs'
import { newSecret } from '../access/secrets.ts'
import { boot } from '../boot.ts'
import type { Config } from '../config/config.ts'
import { readConfig } from '../config/read.ts'

export interface ExplainOptions {
  readonly config?: string
  /** a key's secret, hash or alias; the master's without it */
  readonly key?: string
  /** the body of the call, as JSON */
  readonly file: string
  readonly callType?: string
}

/** `turnpike explain`: says what would become of a call, beside a gateway that may be running. Nothing is sent, reserved or kept. */
export async function explainCall(
  options: ExplainOptions,
  print: (line: string) => void = console.log,
): Promise<number> {
  const config = forVisit(readConfig(options.config, process.env))
  const request: unknown = JSON.parse(readFileSync(options.file, 'utf8'))
  const master = config.general.masterKey ?? newSecret()
  const gateway = await boot(config, [master], {
    visiting: true,
    fetch: () => Promise.reject(new Error('nothing is called here')),
    log: () => {},
  })
  try {
    const response = await gateway.handle(
      new Request('http://gateway.invalid/utils/explain', {
        method: 'POST',
        headers: {
          [config.general.keyHeader ?? 'authorization']: `Bearer ${master}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          request,
          ...(options.key !== undefined && { key: options.key }),
          ...(options.callType !== undefined && { call_type: options.callType }),
        }),
      }),
      { address: undefined },
    )
    print(JSON.stringify(await response.json(), null, 2))
    return response.ok ? 0 : 1
  } finally {
    await gateway.close()
  }
}

/** A look at a house makes no database that is not there yet, and comes in whatever the way of requests from outside is. */
function forVisit(config: Config): Config {
  const { database } = config.general
  const governance = {
    ...config.governance,
    access: { ...config.governance.access, allowedIps: [], allowedRoutes: [] },
  }
  if (database.kind !== 'sqlite' || existsSync(database.path)) return { ...config, governance }
  return { ...config, governance, general: { ...config.general, database: { kind: 'sqlite', path: ':memory:' } } }
}
