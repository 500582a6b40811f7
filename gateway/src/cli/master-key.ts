import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The master key and where it lets us listen. */
export interface MasterKey {
  readonly key: string
  /** the file it is kept in, when it is one of ours */
  readonly file?: string
  /** why it is too weak to be offered to a network */
  readonly weakness?: string
}

const wellKnown = new Set([
  'sk-1234',
  'sk-12345',
  'sk-123456',
  'sk-12345678',
  'sk-master',
  'sk-test',
  'sk-admin',
  'sk-litellm',
  'sk-turnpike',
  'sk-password',
  'sk-change-me',
  'sk-changeme',
])
const shortest = 16

/** The configured key; without one a random one, made once and kept beside the database, readable by its owner alone. */
export function masterKey(configured: string | undefined, databasePath: string): MasterKey {
  if (configured !== undefined) {
    const weakness = weaknessOf(configured)
    return { key: configured, ...(weakness !== undefined && { weakness }) }
  }
  const folder = databasePath === ':memory:' ? '.turnpike' : dirname(databasePath)
  const file = join(folder, 'master-key')
  try {
    const key = readFileSync(file, 'utf8').trim()
    if (key !== '') {
      chmodSync(file, 0o600)
      return { key, file }
    }
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== 'ENOENT') throw thrown
  }
  const key = `sk-${randomBytes(24).toString('base64url')}`
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(file, `${key}\n`, { mode: 0o600 })
  return { key, file }
}

function weaknessOf(key: string): string | undefined {
  if (wellKnown.has(key.toLowerCase())) return 'it is a well-known example'
  if (key.length < shortest) return `it has fewer than ${shortest} characters`
  return new Set(key).size < 6 ? 'it repeats few characters' : undefined
}
