import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseObject } from 'turnpike-core/internal/kernel/json'

/** How far the store has a folder: every segment below this one, and of this one so many closed rows. */
export interface Checkpoint {
  readonly segment: number
  readonly rows: number
}

const name = 'checkpoint.json'

export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  const draft = join(folder, `${name}.draft`)
  await writeFile(draft, JSON.stringify(checkpoint), { mode: 0o600 })
  await rename(draft, join(folder, name))
}

/** The checkpoint of a folder; the very beginning when it has none that can be read. */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const found = parseObject(await readFile(join(folder, name), 'utf8').catch(() => ''))
  const { segment, rows } = found ?? {}
  return typeof segment === 'number' && typeof rows === 'number' ? { segment, rows } : { segment: 0, rows: 0 }
}
