import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Lock, takeLock } from './lock.ts'

/** A folder that is ours while its lock is held. */
export interface Folder {
  readonly path: string
  readonly lock: Lock
}

const newborn = '.new-'
const gone = '.gone-'
const newbornMs = 60_000

/** Makes a folder that is ours before anybody else can see it. */
export async function claimFolder(root: string): Promise<Folder> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  const name = randomUUID()
  const hidden = join(root, newborn + name)
  await mkdir(hidden, { mode: 0o700 })
  const lock = takeLock(hidden)
  if (!lock) throw new Error(`The new folder ${hidden} could not be locked.`)
  const path = join(root, name)
  try {
    await rename(hidden, path)
  } catch (error) {
    lock.release()
    throw error
  }
  return { path, lock }
}

/** Takes every folder whose owner is dead. */
export async function takeOrphans(root: string): Promise<Folder[]> {
  const orphans: Folder[] = []
  for (const entry of await namesIn(root)) {
    if (entry.startsWith('.')) continue
    const path = join(root, entry)
    const lock = takeLock(path)
    if (!lock) continue
    // whoever removed it between our listing and our locking had the lock before us
    if (await exists(path)) orphans.push({ path, lock })
    else lock.release()
  }
  return orphans
}

/** Removes a folder of ours: first out of sight, so that nobody takes half of it. */
export async function removeFolder({ path, lock }: Folder): Promise<void> {
  const hidden = join(path, '..', gone + randomUUID())
  try {
    await rename(path, hidden)
  } finally {
    lock.release()
  }
  await rm(hidden, { recursive: true, force: true })
}

/** Removes what processes left that died while they made or removed a folder. */
export async function sweep(root: string, now: () => number): Promise<void> {
  for (const entry of await namesIn(root)) {
    const path = join(root, entry)
    if (entry.startsWith(gone) || (entry.startsWith(newborn) && (await isOld(path, now))))
      await rm(path, { recursive: true, force: true })
  }
}

async function isOld(path: string, now: () => number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && now() - found.mtimeMs > newbornMs
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

async function namesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}
